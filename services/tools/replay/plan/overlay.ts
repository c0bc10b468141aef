/** States of live traffic with the run's changes on top. The run writes nothing to the live store. */

import type { VersionedState } from '../../../runtime/versioned-state/format.ts'
import type { StateStore } from '../../../runtime/versioned-state/store.ts'
import { type ConversationState, shortId } from '../../../shared/conversations/state.ts'
import type { Message, Pseudonym } from '../../../shared/model/topic-values.ts'

export class StateOverlay<State extends VersionedState> implements StateStore<State> {
  readonly #live: Pick<StateStore<State>, 'read'>
  /** Only conversations that the run has changed: about 1 kB each. */
  readonly #changed = new Map<Pseudonym, State>()

  constructor(live: Pick<StateStore<State>, 'read'>) {
    this.#live = live
  }

  /** Called for each state of live traffic that is read. */
  protected seen(_conversation: Pseudonym, _state: State | null): void {}

  async read(conversations: readonly Pseudonym[]): Promise<readonly (State | null)[]> {
    const unchanged = conversations.filter((id) => !this.#changed.has(id))
    const states = new Map<Pseudonym, State | null>()
    const liveStates = await this.#live.read(unchanged)
    unchanged.forEach((id, at) => {
      const state = liveStates[at] ?? null
      states.set(id, state)
      this.seen(id, state)
    })
    return conversations.map((id) => this.#changed.get(id) ?? states.get(id) ?? null)
  }

  async write(entries: readonly { readonly conversation: Pseudonym; readonly state: State }[]): Promise<void> {
    for (const { conversation, state } of entries) this.#changed.set(conversation, state)
  }
}

export class OverlayStore extends StateOverlay<ConversationState> {
  /** `conversation message` of each message that live traffic holds. */
  readonly #heldByLive = new Set<string>()

  protected override seen(conversation: Pseudonym, state: ConversationState | null): void {
    for (const { message } of state?.waiting ?? []) this.#heldByLive.add(`${conversation} ${message}`)
  }

  /** True for a message that live traffic holds until its referral may have come: live traffic will decide it. */
  isHeldByLive = ({ conversation, message }: Pick<Message, 'conversation' | 'message'>): boolean =>
    this.#heldByLive.size > 0 && this.#heldByLive.has(`${conversation} ${shortId(message)}`)
}
