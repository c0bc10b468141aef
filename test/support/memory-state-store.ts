/** A store of states in memory. Stores packed states, as Redis does. */
import type { StateFormat, VersionedState } from '../../services/runtime/versioned-state/format.ts'
import { type StateChange, StateChanged, type StateStore } from '../../services/runtime/versioned-state/store.ts'

export class MemoryStateStore<State extends VersionedState> implements StateStore<State> {
  readonly values: Map<string, Buffer>
  readonly #format: Pick<StateFormat<State>, 'pack' | 'unpack'>
  /** @param values shared with another process */
  constructor(format: Pick<StateFormat<State>, 'pack' | 'unpack'>, values = new Map<string, Buffer>()) {
    this.values = values
    this.#format = format
  }

  async read(conversations: readonly string[]): Promise<readonly (State | null)[]> {
    return conversations.map((conversation) => {
      const value = this.values.get(conversation)
      return value ? this.#format.unpack(value) : null
    })
  }

  async write(changes: readonly StateChange<State>[]): Promise<void> {
    const isStored = ({ conversation, basedOn }: StateChange<State>) => {
      const bytes = this.values.get(conversation)
      const stored = bytes ? this.#format.unpack(bytes) : null
      return stored === null || stored.version === basedOn
    }
    const allowed = changes.filter(isStored)
    for (const { conversation, state } of allowed) this.values.set(conversation, this.#format.pack(state))
    if (allowed.length < changes.length) throw new StateChanged(changes.length - allowed.length)
  }
}
