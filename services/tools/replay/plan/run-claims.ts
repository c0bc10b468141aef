/**
 * What stands in for ingest's claims in a replay: copies within the run are recognised; live claims are looked at, and neither
 * made nor in the way.
 *
 * One thing of live's is respected: a message that reached a tenant by two feeds was counted by the feed whose claim came first,
 * and is counted by the same one here. A second copy of one and the same message needs no such care: its signals have the same
 * ids.
 */
import type { BucketKey, BucketValue, HourBuckets } from '../../../runtime/time-buckets/hour-buckets.ts'

type Live = Pick<HourBuckets, 'read'>

const text = (bytes: Buffer) => bytes.toString('latin1')

/** Live's holder of each mark, at its own time or another that a copy may carry. */
const holdersOf = async (live: Live, entries: readonly BucketValue[]): Promise<(Buffer | null)[]> => {
  const places: number[] = []
  const marks: BucketKey[] = []
  entries.forEach(({ at, hash, alsoAt = [] }, place) => {
    for (const time of [at, ...alsoAt]) {
      places.push(place)
      marks.push({ at: time, hash })
    }
  })
  const found = await live.read(marks)
  const holders = new Array<Buffer | null>(entries.length).fill(null)
  places.forEach((place, index) => {
    holders[place] ??= found[index] ?? null
  })
  return holders
}

const onlyClaims = (claim: HourBuckets['claim']): HourBuckets => ({
  claim,
  read: () => Promise.reject(new Error('a replay reads no claims by themselves')),
  write: () => Promise.reject(new Error('a replay writes no claims')),
})

export class RunClaims {
  readonly #live: { readonly dedup: Live; readonly feeds: Live }
  /** Who holds a mark within the run: some 60 bytes each, for as long as it reads. */
  readonly #dedup = new Map<string, Buffer>()
  readonly #feeds = new Map<string, Buffer>()
  /** Of the batch under way: live's holder of an owner's own mark. */
  #own: Promise<ReadonlyMap<string, Buffer | null>> = Promise.resolve(new Map())
  #seen: ReadonlyMap<string, Buffer | null> = new Map()

  constructor(live: { readonly dedup: Live; readonly feeds: Live }) {
    this.#live = live
  }

  readonly dedup: HourBuckets = onlyClaims(async (entries) => {
    this.#own = holdersOf(this.#live.dedup, entries).then(
      (holders) => new Map(entries.map(({ value }, at) => [text(value), holders[at] ?? null])),
    )
    this.#seen = await this.#own
    return entries.map((entry) => held(this.#dedup, entry))
  })

  /** As of the last batch: live ingest has never let in what this owner stands for. */
  isUnseen = (owner: Buffer): boolean => this.#seen.get(text(owner)) === null

  /** Asked in the same turn as `dedup`, after it. */
  readonly feeds: HourBuckets = onlyClaims(async (entries) => {
    const own = this.#own
    const [holders, ofOwner] = await Promise.all([holdersOf(this.#live.feeds, entries), own])
    return entries.map((entry, at) => {
      const live = holders[at]
      // A feed's mark is the owner and a byte for the channel.
      const countedBy = live && text(live.subarray(0, -1))
      const ownHolder = ofOwner.get(text(entry.value.subarray(0, -1)))
      const isCountedByItself = ownHolder && text(ownHolder) === countedBy
      return live && !isCountedByItself ? live : held(this.#feeds, entry)
    })
  })
}

/** The first in the run holds. */
const held = (holders: Map<string, Buffer>, { hash, value }: BucketValue): Buffer => {
  const key = text(hash)
  const holder = holders.get(key)
  if (holder) return holder
  holders.set(key, value)
  return value
}
