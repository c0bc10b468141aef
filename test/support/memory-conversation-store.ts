import { pack, unpack } from '../../services/shared/conversations/pack.ts'
import type { ConversationState } from '../../services/shared/conversations/state.ts'
import { MemoryStateStore } from './memory-state-store.ts'

export class MemoryConversationStore extends MemoryStateStore<ConversationState> {
  /** @param values shared with another process */
  constructor(values = new Map<string, Buffer>()) {
    super({ pack, unpack }, values)
  }
}
