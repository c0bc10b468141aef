/** The store of conversations in Redis. */
import type { RedisCommands } from '../../runtime/ports.ts'
import { RedisStateStore, type StateStore } from '../../runtime/versioned-state/store.ts'
import { pack, unpack } from './pack.ts'
import type { ConversationState } from './state.ts'

export type ConversationStore = StateStore<ConversationState>

export class RedisConversationStore extends RedisStateStore<ConversationState> {
  /** @param ttlSeconds how long a conversation is kept after its last change */
  constructor(redis: RedisCommands, ttlSeconds: number) {
    super(redis, ttlSeconds, { name: 'conversations', infix: '', pack, unpack })
  }
}
