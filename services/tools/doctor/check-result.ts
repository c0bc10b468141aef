/** The result of one check, and what to do about it. */
export const areas = ['settings', 'machine', 'kafka', 'registry', 'redis', 'connections', 'stages', 'pipeline'] as const
export type Area = (typeof areas)[number]

export interface CheckResult {
  readonly area: Area
  /** bad: something does not work or will lose data; warning: a person should check it. */
  readonly verdict: 'good' | 'warning' | 'bad'
  readonly what: string
  /** What to do; null: nothing. */
  readonly remedy: string | null
}

interface ResultFactory {
  good(what: string): CheckResult
  warning(what: string, remedy: string): CheckResult
  bad(what: string, remedy: string): CheckResult
}

/** Makes the results of one area. */
export const checkResultsOf = (area: Area): ResultFactory => ({
  good: (what) => ({ area, verdict: 'good', what, remedy: null }),
  warning: (what, remedy) => ({ area, verdict: 'warning', what, remedy }),
  bad: (what, remedy) => ({ area, verdict: 'bad', what, remedy }),
})

/** `1 topic`, `2 topics`. */
export const counted = (count: number, thing: string) => `${count} ${thing}${count === 1 ? '' : 's'}`
