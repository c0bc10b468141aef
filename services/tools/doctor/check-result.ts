/** What the doctor says about one thing: how it is, and what to do. */
export const areas = ['settings', 'machine', 'kafka', 'registry', 'redis', 'connections', 'stages'] as const
export type Area = (typeof areas)[number]

export interface CheckResult {
  readonly area: Area
  /** bad: something does not work or will lose something; warning: somebody should look at it. */
  readonly verdict: 'good' | 'warning' | 'bad'
  readonly what: string
  /** What to do; null where nothing is to be done. */
  readonly remedy: string | null
}

export interface CheckResults {
  good(what: string): CheckResult
  warning(what: string, remedy: string): CheckResult
  bad(what: string, remedy: string): CheckResult
}

export const checkResultsOf = (area: Area): CheckResults => ({
  good: (what) => ({ area, verdict: 'good', what, remedy: null }),
  warning: (what, remedy) => ({ area, verdict: 'warning', what, remedy }),
  bad: (what, remedy) => ({ area, verdict: 'bad', what, remedy }),
})

/** `1 topic`, `2 topics`. */
export const counted = (count: number, thing: string) => `${count} ${thing}${count === 1 ? '' : 's'}`
