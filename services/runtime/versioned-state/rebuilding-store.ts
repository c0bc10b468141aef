/** A store of states that rebuilds what Redis has lost from their topic before a read returns. */
import type { Pseudonym } from '../../shared/model/topic-values.ts'
import { incomplete, RebuildableState } from '../time-buckets/rebuildable-state.ts'
import type { VersionedState } from './format.ts'
import {
  type Part,
  partOf,
  parts,
  type RecordedState,
  type RestorableStore,
  type StateChange,
  StateLost,
  type StateStore,
} from './store.ts'

export interface RebuildStateTools<State extends VersionedState> {
  readonly store: RestorableStore<State>
  /**
   * Reads the topic to its end, in batches; of one conversation the older record before the newer.
   * @param since broker time of the first record to read, ms; 0: all
   * @throws DependencyError
   */
  readTopic(onBatch: (entries: readonly RecordedState<State>[]) => Promise<void>, since: number): Promise<void>
  /** How many connections to Redis were lost so far. */
  disconnects(): number
  now(): number
  /** Called with the number of parts when a rebuild begins, and with null when the store is complete. */
  onState?(parts: number | null): void
}

export class RebuildingStore<State extends VersionedState> implements StateStore<State> {
  readonly #store: RestorableStore<State>
  readonly #state: RebuildableState<Part>
  readonly #tools: RebuildStateTools<State>
  /** `disconnects` during the last rebuild of all parts. */
  #completeSince: number | null = null

  constructor(tools: RebuildStateTools<State>) {
    const { store, onState } = tools
    this.#store = store
    this.#tools = tools
    this.#state = new RebuildableState({
      markers: store,
      onState,
      rebuild: async (lost) => {
        const disconnects = tools.disconnects()
        await this.#restore(new Set(lost), 0)
        this.#completeSince = lost.length === parts.length ? disconnects : null
      },
    })
  }

  read(conversations: readonly Pseudonym[]): Promise<readonly (State | null)[]> {
    return this.#state.read(async () => {
      try {
        return await this.#store.read(conversations)
      } catch (error) {
        if (error instanceof StateLost) return incomplete
        throw error
      }
    })
  }

  write(changes: readonly StateChange<State>[]): Promise<void> {
    return this.#store.write(changes)
  }

  /**
   * Writes again what was recorded since a broker time (ms; 0: all), except what is newer in Redis.
   * @throws DependencyError
   */
  async restoreSince(since: number): Promise<void> {
    if (since === 0 && this.#completeSince === this.#tools.disconnects()) return
    await this.#restore(new Set(parts), since)
  }

  /** The same after a loss of writes, as a rebuild that health and metrics show. @throws DependencyError */
  async rebuildSince(since: number): Promise<void> {
    if (since === 0 && this.#completeSince === this.#tools.disconnects()) return
    this.#tools.onState?.(parts.length)
    await this.#restore(new Set(parts), since)
    this.#tools.onState?.(null)
  }

  #restore(wanted: ReadonlySet<Part>, since: number): Promise<void> {
    const { store, readTopic, now } = this.#tools
    const isWanted = ({ conversation }: RecordedState<State>) => wanted.has(partOf(conversation))
    return readTopic((entries) => store.restore(entries.filter(isWanted), now()), since)
  }

  /** Resolves once the store holds all that it should. Concurrent calls share one rebuild. @throws DependencyError */
  ensureComplete(): Promise<void> {
    return this.#state.ensureComplete()
  }
}
