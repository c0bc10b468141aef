/**
 * The commits of one generation. A partition's latest offset replaces its earlier ones, and all partitions share a request: a commit costs
 * the broker as much as a small batch of records.
 */
import type { CommitPlace } from './group-member.ts'

/** Longest that processing runs ahead of a request without an answer, ms. A killed process repeats what it has processed meanwhile. */
const longestAheadMs = 1_000

export class Commits {
  readonly #send: (places: readonly CommitPlace[]) => Promise<void>
  readonly #onFailed: (error: unknown) => void
  /** By topic and partition. */
  #waiting = new Map<string, CommitPlace>()
  #request: { readonly done: Promise<void>; readonly sentAt: number } | null = null
  #timer: NodeJS.Timeout | null = null

  /**
   * @param send retries what may pass. It rejects when the generation may not commit any more.
   * @param onFailed called with what `send` rejects with, unless a caller waits for it
   */
  constructor(send: (places: readonly CommitPlace[]) => Promise<void>, onFailed: (error: unknown) => void) {
    this.#send = send
    this.#onFailed = onFailed
  }

  /** Commits at once, with all that waits. Resolves when the place is committed. @throws the error of `send` */
  async now(place: CommitPlace): Promise<void> {
    this.#add(place)
    await this.flush()
  }

  /**
   * Commits within `intervalMs` of the first place that waits. Resolves when processing may go on: at once, unless a request has waited for
   * its answer too long. @throws the error of `send`
   */
  async within(intervalMs: number, place: CommitPlace): Promise<void> {
    this.#add(place)
    this.#timer ??= setTimeout(() => void this.flush().catch(this.#onFailed), intervalMs)
    if (this.#request && performance.now() - this.#request.sentAt > longestAheadMs) await this.#request.done
  }

  /** Resolves when all that was added before is committed. @throws the error of `send` */
  async flush(): Promise<void> {
    // Those of one turn of the event loop share the request: partitions finish their batches at about the same time.
    await new Promise(setImmediate)
    while (this.#request) await this.#request.done
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#waiting.size === 0) return
    const places = [...this.#waiting.values()]
    this.#waiting = new Map()
    const done = this.#send(places).finally(() => {
      this.#request = null
    })
    this.#request = { done, sentAt: performance.now() }
    await done
  }

  #add(place: CommitPlace): void {
    this.#waiting.set(`${place.topic}/${place.partition}`, place)
  }
}
