import { pack, unpack } from '../../services/attribution/state/pack.ts'
import type { ConversationState } from '../../services/attribution/state/state.ts'
import { MemoryStateStore } from './memory-state-store.ts'

export class MemoryConversationStore extends MemoryStateStore<ConversationState> {
  /** @param values shared with another process */
  constructor(values = new Map<string, Buffer>()) {
    super({ pack, unpack }, values)
  }
}
