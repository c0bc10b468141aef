/** The batches that a member processes, within its limits. */

/**
 * Number of batches processed at one time by default. Where the number of records is bounded, more batches cost no memory, and share one
 * produce and one commit.
 */
export const mostBatches = (topics: number, maxRecords: number): number =>
  (Number.isFinite(maxRecords) ? 24 : 6) * topics

export class UnderWay {
  readonly #maxBatches: number
  readonly #maxRecords: number
  readonly #batches = new Set<Promise<void>>()
  #records = 0

  constructor(maxBatches: number, maxRecords: number) {
    this.#maxBatches = maxBatches
    this.#maxRecords = maxRecords
  }

  get size(): number {
    return this.#batches.size
  }

  get isFull(): boolean {
    return this.#batches.size >= this.#maxBatches || this.#records >= this.#maxRecords
  }

  /** @param work never rejects. @param onDone after the batch no longer counts */
  add(records: number, work: Promise<void>, onDone: () => void): void {
    this.#records += records
    const counted = work.finally(() => {
      this.#batches.delete(counted)
      this.#records -= records
      onDone()
    })
    this.#batches.add(counted)
  }

  /** Resolves when no batch is in progress. */
  async done(): Promise<void> {
    while (this.#batches.size > 0) await Promise.all(this.#batches)
  }
}
