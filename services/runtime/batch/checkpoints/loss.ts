/** What Redis has lost of a partition's state. Pure. */
import { type Checkpoint, includes } from './checkpoint.ts'

/** State that may be missing in Redis. */
export interface Loss {
  readonly partition: number
  /** Broker time from which on it may be missing, ms; 0: all. */
  readonly since: number
  /** Offsets of each topic whose records may be missing, from the first included to the last excluded. */
  readonly from: readonly bigint[]
  readonly to: readonly bigint[]
  /** Nothing committed is missing, but the partition's last owner may have published decisions that it has not saved. */
  readonly isTakeover?: true
}

/** @param found as they are in Redis. @param to offsets that they should include */
export const lossOf = (partition: number, found: readonly (Checkpoint | null)[], to: readonly bigint[]): Loss => {
  const lost = found.filter((one) => !includes(one, to))
  return {
    partition,
    since: Math.min(...lost.map((one) => one?.at ?? 0)),
    from: to.map((offset, index) =>
      lost.reduce((lowest, one) => {
        const next = one?.offsets[index] ?? 0n
        return next < lowest ? next : lowest
      }, offset),
    ),
    to,
  }
}
