import type { BucketKey, BucketValue, HourBuckets } from '../../services/runtime/time-buckets/hour-buckets.ts'

/** Hour buckets in memory; hour-buckets.contract.ts holds it to what Redis does. */
export class MemoryHourBuckets implements HourBuckets {
  readonly values = new Map<string, Buffer>()
  readonly #spanMs: number
  readonly #place = ({ at, mark }: BucketKey) => `${Math.floor(at / this.#spanMs)}:${mark.toString('hex')}`

  constructor({ hours = 1 }: { readonly hours?: number } = {}) {
    this.#spanMs = hours * 3_600_000
  }

  async claim(entries: readonly BucketValue[]): Promise<readonly Buffer[]> {
    return entries.map((entry) => {
      const place = this.#place(entry)
      const places = [...(entry.alsoAt ?? []).map((at) => this.#place({ ...entry, at })), place]
      const held = places.map((one) => this.values.get(one)).find((value) => value !== undefined)
      if (held) return held
      this.values.set(place, entry.value)
      return entry.value
    })
  }

  async read(entries: readonly BucketKey[]): Promise<readonly (Buffer | null)[]> {
    return entries.map((entry) => this.values.get(this.#place(entry)) ?? null)
  }

  async write(entries: readonly BucketValue[]): Promise<void> {
    for (const entry of entries) this.values.set(this.#place(entry), entry.value)
  }
}
