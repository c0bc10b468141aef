/** Conversation state of live traffic with the run's changes on top. The run writes nothing to the live store. */
import { type ConversationState, shortId } from '../../../attribution/state/state.ts'
import type { ConversationStore } from '../../../attribution/state/store.ts'
import type { Message, Pseudonym } from '../../../shared/model/topic-values.ts'

export class OverlayStore implements ConversationStore {
  readonly #live: Pick<ConversationStore, 'read'>
  /** Only conversations that the run has changed: about 1 kB each. */
  readonly #changed = new Map<Pseudonym, ConversationState>()
  /** `conversation message` of each message that live traffic holds. */
  readonly #heldByLive = new Set<string>()

  constructor(live: Pick<ConversationStore, 'read'>) {
    this.#live = live
  }

  async read(conversations: readonly Pseudonym[]): Promise<readonly (ConversationState | null)[]> {
    const unchanged = conversations.filter((id) => !this.#changed.has(id))
    const states = new Map<Pseudonym, ConversationState | null>()
    const liveStates = await this.#live.read(unchanged)
    unchanged.forEach((id, at) => {
      const state = liveStates[at] ?? null
      states.set(id, state)
      for (const { message } of state?.waiting ?? []) this.#heldByLive.add(`${id} ${message}`)
    })
    return conversations.map((id) => this.#changed.get(id) ?? states.get(id) ?? null)
  }

  /** True for a message that live traffic holds until its referral may have come: live traffic will decide it. */
  isHeldByLive = ({ conversation, message }: Pick<Message, 'conversation' | 'message'>): boolean =>
    this.#heldByLive.size > 0 && this.#heldByLive.has(`${conversation} ${shortId(message)}`)

  async write(
    entries: readonly { readonly conversation: Pseudonym; readonly state: ConversationState }[],
  ): Promise<void> {
    for (const { conversation, state } of entries) this.#changed.set(conversation, state)
  }
}
