/** Conversations as live knows them, with what the run makes of them on top: nothing of it is written where live reads. */
import type { ConversationState } from '../attribution/state.ts'
import type { ConversationStore } from '../attribution/store.ts'
import type { Pseudonym } from '../model/topic-values.ts'

export class OverlayStore implements ConversationStore {
  readonly #live: Pick<ConversationStore, 'read'>
  /** Only what the run has changed: about 1 kB a conversation. */
  readonly #changed = new Map<Pseudonym, ConversationState>()

  constructor(live: Pick<ConversationStore, 'read'>) {
    this.#live = live
  }

  async read(conversations: readonly Pseudonym[]): Promise<readonly (ConversationState | null)[]> {
    const others = conversations.filter((id) => !this.#changed.has(id))
    const states = new Map<Pseudonym, ConversationState | null>()
    const known = await this.#live.read(others)
    others.forEach((id, at) => {
      states.set(id, known[at] ?? null)
    })
    return conversations.map((id) => this.#changed.get(id) ?? states.get(id) ?? null)
  }

  async write(
    entries: readonly { readonly conversation: Pseudonym; readonly state: ConversationState }[],
  ): Promise<void> {
    for (const { conversation, state } of entries) this.#changed.set(conversation, state)
  }
}
