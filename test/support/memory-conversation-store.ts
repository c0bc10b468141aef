import { pack, unpack } from '../../services/attribution/state/pack.ts'
import type { ConversationState } from '../../services/attribution/state/state.ts'
import type { ConversationStore } from '../../services/attribution/state/store.ts'

/** Stores packed states, as Redis does. */
export class MemoryConversationStore implements ConversationStore {
  readonly values = new Map<string, Buffer>()

  async read(conversations: readonly string[]): Promise<readonly (ConversationState | null)[]> {
    return conversations.map((conversation) => {
      const value = this.values.get(conversation)
      return value ? unpack(value) : null
    })
  }

  async write(entries: readonly { conversation: string; state: ConversationState }[]): Promise<void> {
    for (const { conversation, state } of entries) this.values.set(conversation, pack(state))
  }
}
