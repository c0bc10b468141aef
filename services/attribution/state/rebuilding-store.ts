/** The conversation store of the stage: rebuilds what Redis has lost from `touches.v1` before a read returns. */
import { incomplete, RebuildableState } from '../../runtime/rebuildable-state.ts'
import type { Pseudonym } from '../../shared/model/topic-values.ts'
import type { ConversationChange } from './conversations.ts'
import type { ConversationState } from './state.ts'
import { type ConversationStore, type Part, partOf, type RestorableStore, type StateEntry, StateLost } from './store.ts'

/** One record of `touches.v1`. */
export type RecordedState = StateEntry & {
  /** Broker timestamp of the record, ms. */
  readonly changedAt: number
}

export interface ConversationRebuildTools {
  readonly store: RestorableStore
  /**
   * Reads `touches.v1` to its end, in batches; of one conversation the older record before the newer.
   * @throws DependencyError
   */
  readTopic(onBatch: (entries: readonly RecordedState[]) => Promise<void>): Promise<void>
  now(): number
  /** Called with the number of parts when a rebuild begins, and with null when the store is complete. */
  onState?(parts: number | null): void
}

export class RebuildingStore implements ConversationStore {
  readonly #store: RestorableStore
  readonly #state: RebuildableState<Part>

  constructor({ store, readTopic, now, onState }: ConversationRebuildTools) {
    this.#store = store
    this.#state = new RebuildableState({
      markers: store,
      onState,
      rebuild: (parts) => {
        const wanted = new Set(parts)
        return readTopic((entries) =>
          store.restore(
            entries.filter(({ conversation }) => wanted.has(partOf(conversation))),
            now(),
          ),
        )
      },
    })
  }

  read(conversations: readonly Pseudonym[]): Promise<readonly (ConversationState | null)[]> {
    return this.#state.read(async () => {
      try {
        return await this.#store.read(conversations)
      } catch (error) {
        if (error instanceof StateLost) return incomplete
        throw error
      }
    })
  }

  write(changes: readonly ConversationChange[]): Promise<void> {
    return this.#store.write(changes)
  }

  /** Resolves once the store holds all that it should. Concurrent calls share one rebuild. @throws DependencyError */
  ensureComplete(): Promise<void> {
    return this.#state.ensureComplete()
  }
}
