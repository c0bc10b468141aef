/**
 * The breaker of one connection, as a table of moves; pure. Closed: send. Open: after a failure nobody asks for a while, its signals
 * wait in the later topics without using up an attempt. Half open: one batch asks, the others wait for what it learns.
 *
 * The waiting lanes ask first: their waits delay nobody healthy. The main lane takes a connection back only after they had the
 * chance to find out. One that answers, but slowly again and again, is `slow`: sent to, and not waited for.
 */
import type { Delay } from '../../topology.ts'
import type { TrafficClass } from '../limits/priority.ts'

export interface BreakerNote {
  /** In a row. */
  readonly failures: number
  /** Slow answers in a row. */
  readonly slows: number
  /** Of the last failure: a closed set, see `Judgement.reason`. */
  readonly cause: string
  /** When it left `closed`, ms. */
  readonly since: number
  /** Before these nobody asks, ms. */
  readonly waitingFrom: number
  readonly mainFrom: number
}

/** No note: closed. */
export type BreakerState = 'open' | 'half_open' | 'slow'

export type Admission =
  | { readonly kind: 'send' }
  /** Half open: whoever gets `next` noted first may send. */
  | { readonly kind: 'probe'; readonly next: BreakerNote }
  /** Send, but let no batch wait for the answer. */
  | { readonly kind: 'behind' }
  | { readonly kind: 'held'; readonly delay: Delay }

export interface BreakerFailure {
  readonly throttled: boolean
  readonly cause: string
}

/** By failures in a row, ms. At most 5 min, so that a first retry comes within 6. */
const serviceRests = [8_000, 8_000, 45_000, 45_000, 45_000, 240_000]
/**
 * TikTok documents: a limit per second is over in the next second, one per minute after 5 min. The code does not tell which it is;
 * the shortest wait is longer than a second, so who is refused a third time has met the limit per minute.
 */
const throttledRests = [1_000, 45_000, 300_000]
/** Keeps connections that failed in one moment from asking in one moment: up to so much shorter or longer. */
const jitterShare = 0.2
/** The main lane asks this much later than the waiting lanes: a record that waited 10 s has had its turn by then. */
const mainGraceMs = 10_000
/** Once is no habit: a pause of our own machine looks the same. */
const slowHabit = 2
const slowMs = 20_000

/** @param scale of all rests: below 1 in rehearsals, together with the waits of the later topics */
export interface BreakerTiming {
  readonly scale: number
  /** How long a call may take: while one asks, the others wait. */
  readonly probeMs: number
}

const at = (rests: readonly number[], failures: number) => rests[Math.min(failures, rests.length) - 1] as number

/** Spread evenly over the ids, the same for the same failure: between -1 and 1. */
const spread = (id: string, failures: number): number => {
  let hash = failures
  for (let i = 0; i < id.length; i++) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) | 0
  return ((hash >>> 0) % 2_001) / 1_000 - 1
}

/** The topic whose wait fits best: too short a wait comes round once more, too long a one delays. */
const delayFor = (ms: number): Delay => {
  if (ms <= 20_000) return '10s'
  return ms <= 150_000 ? '1m' : '5m'
}

export const breakerStateOf = ({ failures, waitingFrom }: BreakerNote, now: number): BreakerState => {
  if (failures === 0) return 'slow'
  return now < waitingFrom ? 'open' : 'half_open'
}

export const admission = (
  note: BreakerNote | undefined,
  lane: TrafficClass,
  now: number,
  timing: BreakerTiming,
): Admission => {
  if (!note) return { kind: 'send' }
  const from = lane === 'waiting' ? note.waitingFrom : note.mainFrom
  if (note.failures === 0) return { kind: now < from ? 'behind' : 'send' }
  if (now < from) return { kind: 'held', delay: delayFor((from - now) / timing.scale) }
  const waitingFrom = now + timing.probeMs
  return { kind: 'probe', next: { ...note, waitingFrom, mainFrom: waitingFrom + mainGraceMs * timing.scale } }
}

export const afterFailure = (
  id: string,
  note: BreakerNote | undefined,
  { throttled, cause }: BreakerFailure,
  now: number,
  { scale }: BreakerTiming,
): BreakerNote => {
  const failures = (note?.failures ?? 0) + 1
  const rest = at(throttled ? throttledRests : serviceRests, failures) * (1 + jitterShare * spread(id, failures))
  const waitingFrom = Math.round(now + rest * scale)
  const since = note && note.failures > 0 ? note.since : now
  return { failures, slows: 0, cause, since, waitingFrom, mainFrom: waitingFrom + mainGraceMs * scale }
}

export const afterSlow = (note: BreakerNote | undefined, now: number, { scale }: BreakerTiming): BreakerNote => {
  const slows = (note?.slows ?? 0) + 1
  const mainFrom = slows >= slowHabit ? now + slowMs * scale : now
  const since = note && note.failures === 0 ? note.since : now
  return { failures: 0, slows, cause: 'slow', since, waitingFrom: now, mainFrom }
}
