import type { BucketKey, BucketValue } from '../../services/runtime/time-buckets/bucket-calls.ts'
import type { HourBuckets } from '../../services/runtime/time-buckets/hour-buckets.ts'

/** Hour buckets in memory; they pass hour-buckets.contract.ts, as those in Redis do. */
export class MemoryHourBuckets implements HourBuckets {
  readonly values = new Map<string, Buffer>()
  readonly #spanMs: number
  readonly #keyOf = ({ at, hash }: BucketKey) => `${Math.floor(at / this.#spanMs)}:${hash.toString('hex')}`

  constructor({ hours = 1 }: { readonly hours?: number } = {}) {
    this.#spanMs = hours * 3_600_000
  }

  async claim(entries: readonly BucketValue[]): Promise<readonly Buffer[]> {
    return entries.map((entry) => {
      const key = this.#keyOf(entry)
      const keys = [...(entry.alsoAt ?? []).map((at) => this.#keyOf({ ...entry, at })), key]
      const holder = keys.map((one) => this.values.get(one)).find((value) => value !== undefined)
      if (holder) return holder
      this.values.set(key, entry.value)
      return entry.value
    })
  }

  async read(entries: readonly BucketKey[]): Promise<readonly (Buffer | null)[]> {
    return entries.map((entry) => this.values.get(this.#keyOf(entry)) ?? null)
  }

  async write(entries: readonly BucketValue[]): Promise<void> {
    for (const entry of entries) this.values.set(this.#keyOf(entry), entry.value)
  }
  async clear(): Promise<number> {
    const { size } = this.values
    this.values.clear()
    return size
  }
}
