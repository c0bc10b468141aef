/**
 * Decides which records may have ended a process, and when one of them is poison: processing it alone ends the process.
 *
 * After two ends within a range its records are processed alone, each noted before. That costs time and nothing else, so unknown ends
 * count for it. A record becomes a dead letter only after an end while it was alone in work: one that the supervisor saw to be the
 * process's own fault, or three of unknown cause (docs/decisions/075-poison-records.md).
 */
import type { PreviousEnd } from '../../config.ts'
import type { WorkNote } from './work-note.ts'

const endsUntilAlone = 2
/** Weight of the ends of a record alone at which it is poison. */
const poisonWeight = 3
const weightOf = { fault: poisonWeight, unknown: 1, outside: 0 } as const satisfies Record<PreviousEnd, number>

/** The process before this one, as the supervisor saw it. */
export interface PreviousLife {
  readonly end: PreviousEnd
  /** Its id; undefined: whichever process this one follows. */
  readonly life?: string | undefined
}

/** Another process of the stage may have left the partition to this one; how it ended, its own supervisor knows. */
const endOf = (life: string, previous: PreviousLife): PreviousEnd =>
  previous.life === undefined || previous.life === life ? previous.end : 'unknown'

/** A range of offsets in which processes ended. */
export interface Suspicion {
  readonly from: bigint
  /** Not included. */
  readonly to: bigint
  readonly ends: number
  readonly alone: WorkNote['alone']
}

/**
 * @param note what was last in work on the topic partition
 * @param first offset from which on the records are not processed
 * @param life of this process
 * @returns null: there is nothing to suspect
 */
export const suspicionOf = (
  note: WorkNote | null,
  first: bigint,
  life: string,
  previous: PreviousLife,
): Suspicion | null => {
  if (note === null || note.to <= first) return null
  const previousEnd = endOf(note.life, previous)
  const isEnd = note.life !== '' && note.life !== life && previousEnd !== 'outside'
  const ends = note.ends + (isEnd ? 1 : 0)
  if (ends === 0) return null
  const alone = typeof note.alone === 'number' && isEnd ? note.alone + weightOf[previousEnd] : note.alone
  return { from: note.from, to: note.to, ends, alone }
}

/** The next records to process together. */
export interface WorkStep {
  readonly count: number
  /** `poison`: a single record that becomes a dead letter unread. `done`: it is one, but the process ended before it was committed. */
  readonly kind: 'slice' | 'alone' | 'poison' | 'done'
}

interface WithOffset {
  readonly offset: bigint
}

/** @param at index of the first record that is not processed */
export const stepAt = (
  suspicion: Suspicion | null,
  records: readonly WithOffset[],
  at: number,
  sliceRecords: number,
): WorkStep => {
  const { offset } = records[at] as WithOffset
  const end = Math.min(records.length, at + sliceRecords)
  if (suspicion === null || offset >= suspicion.to) return { kind: 'slice', count: end - at }
  const { from, to, ends, alone } = suspicion
  if (offset >= from && ends >= endsUntilAlone) {
    const kind = alone === 'done' ? 'done' : alone !== null && alone >= poisonWeight ? 'poison' : 'alone'
    return { kind, count: 1 }
  }
  // A slice ends where the suspicion begins or ends, so that its own end tells the two apart.
  const border = offset < from ? from : to
  const next = records.findIndex((record, index) => index > at && record.offset >= border)
  return { kind: 'slice', count: (next < 0 ? end : Math.min(next, end)) - at }
}
