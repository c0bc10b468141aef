/** The store of conversations in Redis. */
import type { RedisCommands } from '../../runtime/ports.ts'
import { RedisStateStore, type StateStore } from '../../runtime/versioned-state/store.ts'
import { pack, unpack } from './pack.ts'
import type { ConversationState } from './state.ts'

export type ConversationStore = StateStore<ConversationState>
export type ConversationReader = Pick<ConversationStore, 'read'>

export class RedisConversationStore extends RedisStateStore<ConversationState> {
  /** @param ttlSeconds how long a conversation is kept after its last change */
  constructor(redis: RedisCommands, ttlSeconds: number) {
    super(redis, ttlSeconds, { name: 'conversations', infix: '', pack, unpack })
  }
}

/** For a process that never writes states, so that none gets a time to live from it. */
export const conversationReader = (redis: RedisCommands): ConversationReader => new RedisConversationStore(redis, 0)
