/** The days of a report. Pure. */

const dayMs = 86_400_000
/** As long as `deliveries.v1` is kept. */
export const maxDaysBack = 30

/** The days are no days, or no range. The message names the field. */
export class DaysInvalid extends Error {
  override readonly name = 'DaysInvalid'
}

/** @returns 00:00 UTC of the day, ms */
const startOf = (field: string, text: string): number => {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text)
    throw new DaysInvalid(`${field} must be a day in UTC, such as 2026-11-23, not "${text.slice(0, 40)}"`)
  return at
}

export interface ReportedDays {
  /** ms */
  readonly from: number
  /** ms, not included */
  readonly to: number
}

/**
 * @param fields as the caller knows them
 * @param to the last day
 * @param now ms
 * @throws DaysInvalid
 */
export const reportedDays = (
  fields: { readonly from: string; readonly to: string },
  from: string,
  to: string,
  now: number,
): ReportedDays => {
  const days = { from: startOf(fields.from, from), to: startOf(fields.to, to) + dayMs }
  if (days.to <= days.from) throw new DaysInvalid(`${fields.to} must not be before ${fields.from}`)
  if (days.from < now - (maxDaysBack + 1) * dayMs)
    throw new DaysInvalid(`${fields.from} must be at most ${maxDaysBack} days back: deliveries are kept no longer`)
  return days
}
