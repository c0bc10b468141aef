import type { ConversationChange } from '../../services/attribution/state/conversations.ts'
import { pack, unpack } from '../../services/attribution/state/pack.ts'
import type { ConversationState } from '../../services/attribution/state/state.ts'
import { type ConversationStore, StateChanged } from '../../services/attribution/state/store.ts'

/** Stores packed states, as Redis does. */
export class MemoryConversationStore implements ConversationStore {
  readonly values: Map<string, Buffer>
  /** @param values shared with another process */
  constructor(values = new Map<string, Buffer>()) {
    this.values = values
  }

  async read(conversations: readonly string[]): Promise<readonly (ConversationState | null)[]> {
    return conversations.map((conversation) => {
      const value = this.values.get(conversation)
      return value ? unpack(value) : null
    })
  }

  async write(changes: readonly ConversationChange[]): Promise<void> {
    const isStored = ({ conversation, basedOn }: ConversationChange) => {
      const bytes = this.values.get(conversation)
      const stored = bytes ? unpack(bytes) : null
      return stored === null || stored.version === basedOn
    }
    const allowed = changes.filter(isStored)
    for (const { conversation, state } of allowed) this.values.set(conversation, pack(state))
    if (allowed.length < changes.length) throw new StateChanged(changes.length - allowed.length)
  }
}
