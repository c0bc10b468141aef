/**
 * Replaces ingest's claims in a replay. It recognises copies within the run; it reads live claims, but makes none and is not
 * stopped by one.
 *
 * One live decision binds the run: a message that reached a tenant from two sources is counted by the source whose claim came
 * first, in the replay as in live traffic. A second copy of the same message needs no such rule: its signals have the same ids.
 */
import type { ByPurpose, IngestClaims } from '../../../ingest/claims/claims.ts'
import type { BucketKey, BucketValue } from '../../../runtime/time-buckets/bucket-calls.ts'
import type { HourBuckets } from '../../../runtime/time-buckets/hour-buckets.ts'

type LiveClaims = Pick<HourBuckets, 'read'>
type Holders = readonly (Buffer | null)[]

const text = (bytes: Buffer) => bytes.toString('latin1')

/** A cross-source value is the owner plus one byte for the channel. */
const ownerIn = (value: Buffer) => text(value.subarray(0, -1))

/** The live holder of each mark, at its own time or at another time that a copy may carry. */
export const liveHoldersOf = async (live: LiveClaims, entries: readonly BucketValue[]): Promise<Holders> => {
  const entryIndexes: number[] = []
  const keys: BucketKey[] = []
  entries.forEach(({ at, hash, alsoAt = [] }, entryIndex) => {
    for (const time of [at, ...alsoAt]) {
      entryIndexes.push(entryIndex)
      keys.push({ at: time, hash })
    }
  })
  const found = await live.read(keys)
  const holders = new Array<Buffer | null>(entries.length).fill(null)
  entryIndexes.forEach((entryIndex, index) => {
    holders[entryIndex] ??= found[index] ?? null
  })
  return holders
}

/** The first claim of a mark within the run holds it. */
const claimInRun = (holders: Map<string, Buffer>, { hash, value }: BucketValue): Buffer => {
  const key = text(hash)
  const holder = holders.get(key)
  if (holder) return holder
  holders.set(key, value)
  return value
}

export class RunClaims implements IngestClaims {
  readonly #live: ByPurpose<LiveClaims>
  /** Holders of marks within the run: about 60 bytes each, until the run has read everything. */
  readonly #event = new Map<string, Buffer>()
  readonly #crossSource = new Map<string, Buffer>()
  readonly #notes = new Map<string, Buffer>()
  /** Of the last batch: by owner, the live holder of the owner's own mark. */
  #liveByOwner: ReadonlyMap<string, Buffer | null> = new Map()

  constructor(live: ByPurpose<LiveClaims>) {
    this.#live = live
  }

  async claim(marks: ByPurpose<readonly BucketValue[]>): Promise<ByPurpose<readonly Buffer[]>> {
    const [event, crossSource] = await Promise.all([
      liveHoldersOf(this.#live.event, marks.event),
      liveHoldersOf(this.#live.crossSource, marks.crossSource),
    ])
    const liveByOwner = new Map(marks.event.map(({ value }, at) => [text(value), event[at] ?? null]))
    this.#liveByOwner = liveByOwner
    return {
      event: marks.event.map((entry) => claimInRun(this.#event, entry)),
      crossSource: marks.crossSource.map((entry, at) => {
        const live = crossSource[at]
        const own = liveByOwner.get(ownerIn(entry.value))
        const isCountedByItself = live && own && text(own) === ownerIn(live)
        return live && !isCountedByItself ? live : claimInRun(this.#crossSource, entry)
      }),
    }
  }

  async note(notes: readonly BucketValue[]): Promise<void> {
    for (const note of notes) claimInRun(this.#notes, note)
  }

  /** As in live traffic: the conversation of the copy that counted. */
  async noted(keys: readonly BucketKey[]): Promise<Holders> {
    const live = await this.#live.crossSource.read(keys)
    return keys.map(({ hash }, at) => live[at] ?? this.#notes.get(text(hash)) ?? null)
  }

  /** In the last batch: live ingest never let in the event of this owner. */
  isUnseen = (owner: Buffer): boolean => this.#liveByOwner.get(text(owner)) === null
}
