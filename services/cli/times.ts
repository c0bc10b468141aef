/** Parses ISO 8601 times on the command line. */
import { UsageError } from './exit.ts'

const form = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/

/** @returns ms since the epoch. A time without a zone is UTC; a date means 00:00 UTC. @throws UsageError naming the option */
export const timeOf = (option: string, text: string): number => {
  const zoned = /T/.test(text) && !/(Z|[+-]\d{2}:?\d{2})$/.test(text) ? `${text}Z` : text
  const time = form.test(text) ? Date.parse(zoned) : Number.NaN
  if (Number.isNaN(time)) {
    throw new UsageError(
      `${option} must be a time in ISO 8601, such as 2026-11-23T08:00:00Z or 2026-11-23, not "${text}"`,
    )
  }
  return time
}
