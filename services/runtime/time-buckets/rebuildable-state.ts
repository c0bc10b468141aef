/**
 * State in Redis that can be rebuilt from a topic. Redis holds a marker for each part of the state. Where a marker is missing,
 * Redis has lost that part, and no read returns until the part has been rebuilt.
 *
 * Several processes may rebuild a part at the same time, and batches in progress may write to it. So `rebuild` never overwrites
 * anything newer, and a part counts as complete only if Redis lost nothing between `begin` and `complete`.
 */
import { randomUUID } from 'node:crypto'

/** The markers of a state's parts. All methods throw DependencyError when the store cannot be reached. */
export interface PartMarkers<Part> {
  /** The parts whose marker is missing. */
  lost(): Promise<readonly Part[]>
  /** Records that a rebuild of these parts begins, under its own token. */
  begin(parts: readonly Part[], token: string): Promise<void>
  /** Sets the parts' markers, except where the token of `begin` has been lost meanwhile. */
  complete(parts: readonly Part[], token: string): Promise<unknown>
}

export interface RebuildTools<Part> {
  readonly markers: PartMarkers<Part>
  /** Reads the topic to its end and writes what belongs to these parts. @throws DependencyError */
  rebuild(parts: readonly Part[]): Promise<void>
  /** Called with the number of parts when a rebuild begins, and with null when the state is complete. */
  onState?: ((parts: number | null) => void) | undefined
}

/** Returned by a read that found a marker missing. */
export const incomplete = Symbol('incomplete')

export class RebuildableState<Part> {
  readonly #tools: RebuildTools<Part>
  #rebuilding: Promise<void> | null = null

  constructor(tools: RebuildTools<Part>) {
    this.#tools = tools
  }

  /** Repeats the read until it does not return `incomplete`, with a rebuild before each repetition. @throws DependencyError */
  async read<Result>(read: () => Promise<Result | typeof incomplete>): Promise<Result> {
    for (;;) {
      const result = await read()
      if (result !== incomplete) return result
      await this.ensureComplete()
    }
  }

  /** Resolves once no marker is missing. Concurrent calls share one rebuild. @throws DependencyError */
  ensureComplete(): Promise<void> {
    this.#rebuilding ??= this.#rebuild().finally(() => {
      this.#rebuilding = null
    })
    return this.#rebuilding
  }

  async #rebuild(): Promise<void> {
    const { markers, rebuild, onState } = this.#tools
    for (let lost = await markers.lost(); lost.length > 0; lost = await markers.lost()) {
      onState?.(lost.length)
      const token = randomUUID()
      await markers.begin(lost, token)
      await rebuild(lost)
      await markers.complete(lost, token)
    }
    onState?.(null)
  }
}
