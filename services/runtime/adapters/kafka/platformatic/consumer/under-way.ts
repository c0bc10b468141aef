/** The batches that a member processes, within its limits. */

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
