/** Converts times of all units and spellings to milliseconds. */
import { earliestTime, type TimeSource } from '../../../model/message-event.ts'
import type { EventRule, TimeUnit } from '../language/event-rule.ts'
import { within } from '../language/problem.ts'
import type { Frame, Scope } from '../scope.ts'
import { compileValue } from './values.ts'

const perMs: Record<Exclude<TimeUnit, 'iso' | 'iso-utc' | 'auto'>, number> = {
  s: 1000,
  ms: 1,
  us: 1 / 1000,
  ns: 1 / 1_000_000,
}
/** Tolerance for sources whose clocks are fast by a minute or two. A later time is in another unit, or another event's. */
export const aheadMs = 5 * 60_000

/** 2025-11-25T09:30:00.123+07:00, also with a space for the T, without the colon in the zone, or the day alone. */
const iso =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))? ?(?:([zZ])|([+-]\d{2}):?(\d{2})?)?)?$/

/** @param zoneless true: a time without a zone is UTC; false: it is invalid @returns ms, or NaN */
const isoTime = (text: string, zoneless: boolean): number => {
  const found = text.length <= 40 ? iso.exec(text) : null
  if (!found) return Number.NaN
  const [, day, clock = '00:00', fraction = '0', utc, hours, minutes = '00'] = found
  if (!utc && !hours && !zoneless) return Number.NaN
  return Date.parse(
    `${day}T${clock.length === 5 ? `${clock}:00` : clock}.${fraction.padEnd(3, '0').slice(0, 3)}${hours ? `${hours}:${minutes}` : 'Z'}`,
  )
}

const numberOf = (value: unknown): number =>
  typeof value === 'number'
    ? value
    : typeof value === 'string' && value.length <= 30 && /^\d+(\.\d+)?$/.test(value)
      ? Number(value)
      : Number.NaN

/** By magnitude: seconds have ten digits until 2286, milliseconds thirteen, and so on. */
const unitOf = (value: number): keyof typeof perMs =>
  value < 1e11 ? 's' : value < 1e14 ? 'ms' : value < 1e17 ? 'us' : 'ns'

/**
 * @param now receipt of the delivery, ms
 * @returns ms; null for an invalid time: unreadable, before 2010 or more than five minutes after receipt
 */
export const timeIn = (value: unknown, unit: TimeUnit, now: number): number | null => {
  let ms: number
  if (unit === 'iso' || unit === 'iso-utc') {
    if (typeof value !== 'string') return null
    ms = isoTime(value, unit === 'iso-utc')
  } else {
    const number = numberOf(value)
    ms = Math.floor(number * perMs[unit === 'auto' ? unitOf(number) : unit])
  }
  return Number.isFinite(ms) && ms >= earliestTime && ms <= now + aheadMs ? ms : null
}

export interface When {
  readonly occurredAt: number
  readonly timeSource: TimeSource
}

/** The first valid time; else the time of receipt, with `timeSource: received`. @throws MappingProblem */
export const compileTime = (rules: EventRule['time'], scope: Scope): ((frame: Frame, receivedAt: number) => When) => {
  const compiled = rules.map(({ of, unit, source }, at) => ({
    read: within(at, () => within('of', () => compileValue(of, scope))),
    unit,
    source,
  }))
  return (frame, receivedAt) => {
    for (const { read, unit, source } of compiled) {
      const occurredAt = timeIn(read(frame), unit, receivedAt)
      if (occurredAt !== null) return { occurredAt, timeSource: source }
    }
    return { occurredAt: receivedAt, timeSource: 'received' }
  }
}
