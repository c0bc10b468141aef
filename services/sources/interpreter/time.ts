/** Times of every spelling to milliseconds. */
import { earliestTime } from '../../model/message-event.ts'
import type { TimeUnit } from './document.ts'

const perMs: Record<Exclude<TimeUnit, 'iso' | 'iso-utc' | 'auto'>, number> = {
  s: 1000,
  ms: 1,
  us: 1 / 1000,
  ns: 1 / 1_000_000,
}
/** Clocks of sources run ahead by minutes; a day is another unit. */
const aheadMs = 24 * 3_600_000

const zoned = /(?:[zZ]|[+-]\d{2}:?\d{2})$/

const numberOf = (value: unknown): number =>
  typeof value === 'number'
    ? value
    : typeof value === 'string' && /^\d+(\.\d+)?$/.test(value)
      ? Number(value)
      : Number.NaN

/** By magnitude: seconds have ten digits until 2286, milliseconds thirteen, and so on. */
const unitOf = (value: number): keyof typeof perMs =>
  value < 1e11 ? 's' : value < 1e14 ? 'ms' : value < 1e17 ? 'us' : 'ns'

/**
 * @param now when the delivery was received, ms
 * @returns ms; null for what is no time of a message: unreadable, before 2010 or more than a day ahead
 */
export const timeIn = (value: unknown, unit: TimeUnit, now: number): number | null => {
  let ms: number
  if (unit === 'iso' || unit === 'iso-utc') {
    if (typeof value !== 'string') return null
    ms = Date.parse(unit === 'iso-utc' && !zoned.test(value) ? `${value.replace(' ', 'T')}Z` : value)
  } else {
    const number = numberOf(value)
    ms = Math.floor(number * perMs[unit === 'auto' ? unitOf(number) : unit])
  }
  return Number.isFinite(ms) && ms >= earliestTime && ms <= now + aheadMs ? ms : null
}
