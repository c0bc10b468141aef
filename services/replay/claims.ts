/**
 * What stands in for ingest's claims in a replay: copies within the run are recognised, live claims are looked at and neither
 * made nor in the way.
 *
 * One thing of live's is respected: a message that reached a tenant by two feeds was counted by the feed whose claim came first,
 * and is counted by the same one here. A second copy of one and the same message needs no such care: its signals have the same
 * ids.
 */
import type { HourBuckets, Mark, ValuedMark } from '../runtime/hour-buckets.ts'

export class RunClaims implements HourBuckets {
  readonly #live: Pick<HourBuckets, 'read'>
  /** Holder by mark: 8 bytes each, for as long as the run reads. */
  readonly #held = new Map<string, Buffer>()
  /** Owners whose own mark nobody holds in live: it has not let these messages in. */
  #unseen = new Set<string>()

  constructor(live: Pick<HourBuckets, 'read'>) {
    this.#live = live
  }

  /** True when live ingest never let in what this owner stands for (as of the last batch). */
  isUnseen = (owner: Buffer): boolean => this.#unseen.has(owner.toString('latin1'))

  async claim(entries: readonly ValuedMark[]): Promise<readonly Buffer[]> {
    const live = await this.#live.read(entries)
    this.#unseen = new Set()
    const byOwner = Map.groupBy(
      entries.map((_, at) => at),
      (at) => (entries[at] as ValuedMark).value.toString('latin1'),
    )
    const holders = entries.map(({ value }) => value)
    for (const [owner, places] of byOwner) {
      const [own, ...others] = places as [number, ...number[]]
      const ownHolder = live[own]
      if (!ownHolder) this.#unseen.add(owner)
      const taken = others.map((at) => live[at]).find((holder) => holder && !(ownHolder && holder.equals(ownHolder)))
      for (const at of places) {
        const { mark, value } = entries[at] as ValuedMark
        const key = mark.toString('latin1')
        const holder = taken ?? this.#held.get(key)
        if (holder) holders[at] = holder
        else this.#held.set(key, value)
      }
    }
    return holders
  }

  /** Epochs before a message's own: copies of one message there have equal ids. */
  async read(entries: readonly Mark[]): Promise<readonly (Buffer | null)[]> {
    return entries.map(() => null)
  }

  async write(): Promise<void> {
    throw new Error('a replay writes no claims')
  }
}
