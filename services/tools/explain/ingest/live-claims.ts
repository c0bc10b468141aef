/** Ingest's claims as they are: it makes none, and remembers which record holds each. */
import type { ByPurpose, IngestClaims } from '../../../ingest/claims/claims.ts'
import { DependencyError } from '../../../runtime/ports.ts'
import type { BucketKey, BucketValue } from '../../../runtime/time-buckets/bucket-calls.ts'
import type { HourBuckets } from '../../../runtime/time-buckets/hour-buckets.ts'
import { liveHoldersOf } from '../../replay/plan/run-claims.ts'

const text = (bytes: Buffer) => bytes.toString('latin1')
/** A cross-source value is the owner plus one byte for the channel. */
const ownerBytes = 8

export class LiveClaims implements IngestClaims {
  readonly #live: ByPurpose<Pick<HourBuckets, 'read'>>
  /** By owner, the holder of a claim that the owner does not have. */
  readonly #others = new Map<string, Buffer>()
  #isUnknown = false

  constructor(live: ByPurpose<Pick<HourBuckets, 'read'>>) {
    this.#live = live
  }

  /** Redis did not answer, so copies were not recognised. */
  get isUnknown(): boolean {
    return this.#isUnknown
  }

  async claim(marks: ByPurpose<readonly BucketValue[]>): Promise<ByPurpose<readonly Buffer[]>> {
    const [event, crossSource] = await Promise.all([
      this.#holders(this.#live.event, marks.event),
      this.#holders(this.#live.crossSource, marks.crossSource),
    ])
    return { event, crossSource }
  }

  async note(): Promise<void> {}

  async noted(keys: readonly BucketKey[]): Promise<readonly (Buffer | null)[]> {
    return this.#isUnknown ? keys.map(() => null) : this.#live.crossSource.read(keys)
  }

  /** The record that claimed an event first; undefined: the owner did. */
  firstCopyOf(owner: Buffer): Buffer | undefined {
    return this.#others.get(text(owner))
  }

  async #holders(live: Pick<HourBuckets, 'read'>, marks: readonly BucketValue[]): Promise<readonly Buffer[]> {
    const found = await this.#read(live, marks)
    return marks.map(({ value }, at) => {
      const holder = found[at] ?? value
      const [own, other] = [value, holder].map((one) => one.subarray(0, ownerBytes)) as [Buffer, Buffer]
      if (!own.equals(other)) this.#others.set(text(own), other)
      return holder
    })
  }

  async #read(live: Pick<HourBuckets, 'read'>, marks: readonly BucketValue[]) {
    if (marks.length === 0) return []
    try {
      return await liveHoldersOf(live, marks)
    } catch (error) {
      if (!(error instanceof DependencyError)) throw error
      this.#isUnknown = true
      return []
    }
  }
}
