/**
 * The breaker of one connection; pure.
 *
 * | state     | calls                                                    | moves                                        |
 * | --------- | -------------------------------------------------------- | -------------------------------------------- |
 * | closed    | go                                                       | a failure → open; two slow answers → slow    |
 * | open      | none until the cooldown ends; no attempt is used up      | the cooldown ends → half_open                |
 * | half_open | one batch of one instance probes, the others wait for it | an answer → closed; a failure → open, longer |
 * | slow      | go, but for 20 s main traffic does not wait for them     | a fast answer → closed; a failure → open     |
 *
 * Deferred signals probe first: they hold up no healthy connection. Main traffic probes `mainGraceMs` later.
 */
import type { Delay } from '../../topology.ts'
import type { TrafficClass } from '../signal/priority.ts'

export interface BreakerRecord {
  /** In a row. */
  readonly failures: number
  /** Slow answers in a row. */
  readonly slows: number
  /** Reason of the last failure: a closed set, see `Judgement.reason`. */
  readonly cause: string
  /** When the breaker left `closed`, ms. */
  readonly since: number
  /** When deferred signals, and all others, may call again, ms. */
  readonly waitingFrom: number
  readonly mainFrom: number
}

/** Without a note a breaker is closed. */
export type BreakerState = 'open' | 'half_open' | 'slow'

export type Admission =
  | { readonly kind: 'send' }
  /** Half open: the instance that claims `next` in the store sends. */
  | { readonly kind: 'probe'; readonly next: BreakerRecord }
  /** Send, but do not let the batch wait for the answer. */
  | { readonly kind: 'detached' }
  | { readonly kind: 'notAttempted'; readonly delay: Delay }

export interface BreakerFailure {
  readonly throttled: boolean
  readonly cause: string
}

/** By failures in a row, ms. At most 4 min (±20 %): signals in the 5 min topic then come back to a half-open breaker. */
const serviceCooldowns = [8_000, 8_000, 45_000, 45_000, 45_000, 240_000]
/**
 * By failures in a row, ms. TikTok documents that a limit per second is over in the next second, and one per minute after 5 min. Its
 * code does not say which of the two it is. The shortest wait exceeds a second, so a third refusal in a row means the limit per minute.
 */
const throttledCooldowns = [1_000, 45_000, 300_000]
/** Cooldowns vary by up to this share, so that connections that failed together do not probe together. */
const jitterShare = 0.2
/** Main traffic probes this much later than deferred signals: a record that waits 10 s has probed by then. */
const mainGraceMs = 10_000
/** No note holds calls back for longer than this, unless another process wrote it whose clock is ahead of this one's. */
const longestMs = Math.max(...serviceCooldowns, ...throttledCooldowns) * (1 + jitterShare) + mainGraceMs
/** Slow answers in a row that make a connection `slow`: a single one may be a pause of our own machine. */
const slowAnswers = 2
const slowMs = 20_000

export interface BreakerTiming {
  /** Multiplies all cooldowns; below 1 in rehearsals, as for the waits of the later topics. */
  readonly scale: number
  /** Time-out of a call: so long the others wait for a probe, ms. */
  readonly probeMs: number
}

const cooldownAfter = (failures: number, cooldowns: readonly number[]) =>
  cooldowns[Math.min(failures, cooldowns.length) - 1] as number

/** Between -1 and 1: spread evenly over the ids, and the same for the same id and failure. */
const spread = (id: string, failures: number): number => {
  let hash = failures
  for (let i = 0; i < id.length; i++) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) | 0
  return ((hash >>> 0) % 2_001) / 1_000 - 1
}

/** The later topic whose wait fits best: a shorter one costs another round, a longer one delays. */
const delayFor = (ms: number): Delay => {
  if (ms <= 20_000) return '10s'
  return ms <= 150_000 ? '1m' : '5m'
}

export const breakerStateOf = ({ failures, waitingFrom }: BreakerRecord, now: number): BreakerState => {
  if (failures === 0) return 'slow'
  return now < waitingFrom ? 'open' : 'half_open'
}

export const admission = (
  note: BreakerRecord | undefined,
  trafficClass: TrafficClass,
  now: number,
  timing: BreakerTiming,
): Admission => {
  if (!note) return { kind: 'send' }
  const noted = trafficClass === 'waiting' ? note.waitingFrom : note.mainFrom
  const from = noted - now > longestMs * timing.scale ? now : noted
  if (note.failures === 0) return { kind: now < from ? 'detached' : 'send' }
  if (now < from) return { kind: 'notAttempted', delay: delayFor((from - now) / timing.scale) }
  const waitingFrom = now + timing.probeMs
  return { kind: 'probe', next: { ...note, waitingFrom, mainFrom: waitingFrom + mainGraceMs * timing.scale } }
}

export const afterFailure = (
  id: string,
  note: BreakerRecord | undefined,
  { throttled, cause }: BreakerFailure,
  now: number,
  { scale }: BreakerTiming,
): BreakerRecord => {
  const failures = (note?.failures ?? 0) + 1
  const jitter = 1 + jitterShare * spread(id, failures)
  const cooldownMs = cooldownAfter(failures, throttled ? throttledCooldowns : serviceCooldowns) * jitter
  const waitingFrom = Math.round(now + cooldownMs * scale)
  const since = note && note.failures > 0 ? note.since : now
  return { failures, slows: 0, cause, since, waitingFrom, mainFrom: waitingFrom + mainGraceMs * scale }
}

/** A person ends the cooldown: the next batch probes. null: it ends by itself as soon, or a probe is under way. */
export const withoutCooldown = (note: BreakerRecord, now: number, { probeMs }: BreakerTiming): BreakerRecord | null =>
  note.failures === 0 || note.waitingFrom - now <= probeMs ? null : { ...note, waitingFrom: now, mainFrom: now }

export const afterSlow = (note: BreakerRecord | undefined, now: number, { scale }: BreakerTiming): BreakerRecord => {
  const slows = (note?.slows ?? 0) + 1
  const mainFrom = slows >= slowAnswers ? now + slowMs * scale : now
  const since = note && note.failures === 0 ? note.since : now
  return { failures: 0, slows, cause: 'slow', since, waitingFrom: now, mainFrom }
}
