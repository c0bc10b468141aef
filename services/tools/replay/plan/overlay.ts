/** Conversations as live knows them, with what the run makes of them on top: nothing of it is written where live reads. */
import { type ConversationState, shortId } from '../../../attribution/state/state.ts'
import type { ConversationStore } from '../../../attribution/state/store.ts'
import type { Message, Pseudonym } from '../../../shared/model/topic-values.ts'

export class OverlayStore implements ConversationStore {
  readonly #live: Pick<ConversationStore, 'read'>
  /** Only what the run has changed: about 1 kB a conversation. */
  readonly #changed = new Map<Pseudonym, ConversationState>()
  readonly #waiting = new Set<string>()

  constructor(live: Pick<ConversationStore, 'read'>) {
    this.#live = live
  }

  async read(conversations: readonly Pseudonym[]): Promise<readonly (ConversationState | null)[]> {
    const others = conversations.filter((id) => !this.#changed.has(id))
    const states = new Map<Pseudonym, ConversationState | null>()
    const known = await this.#live.read(others)
    others.forEach((id, at) => {
      const state = known[at] ?? null
      states.set(id, state)
      for (const { message } of state?.waiting ?? []) this.#waiting.add(`${id} ${message}`)
    })
    return conversations.map((id) => this.#changed.get(id) ?? states.get(id) ?? null)
  }

  /** True for a message that live traffic holds back, for a referral that may come: it will decide about it itself. */
  isHeldByLive = ({ conversation, message }: Pick<Message, 'conversation' | 'message'>): boolean =>
    this.#waiting.size > 0 && this.#waiting.has(`${conversation} ${shortId(message)}`)

  async write(
    entries: readonly { readonly conversation: Pseudonym; readonly state: ConversationState }[],
  ): Promise<void> {
    for (const { conversation, state } of entries) this.#changed.set(conversation, state)
  }
}
