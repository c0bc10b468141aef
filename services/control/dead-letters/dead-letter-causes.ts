/** Dead letters by cause, with the catalogue's help. Pure. */
import { catalogueEntryOf, type FoundDeadLetter } from '../../tools/dead-letters/found.ts'
import type { DeadLetterState } from './dead-letter-index.ts'

export interface DeadLetterCause {
  readonly stage: string
  readonly code: string
  readonly open: number
  readonly putBack: number
  readonly resolved: number
  readonly failedAgain: number
  readonly discarded: number
  /** ms */
  readonly first: number
  readonly last: number
  /** Dead letters a day, oldest first; the last one is today (UTC). */
  readonly perDay: readonly number[]
  /** Whether a redrive helps: now, after_fix, never. */
  readonly redrive: string
  readonly help: string
}

const dayMs = 86_400_000
const shownDays = 14

/** @param now ms */
export const causesOf = (
  all: readonly FoundDeadLetter[],
  stateOf: (found: FoundDeadLetter) => DeadLetterState,
  now: number,
): readonly DeadLetterCause[] => {
  const today = Math.floor(now / dayMs)
  const groups = Map.groupBy(all, ({ stage, code }) => `${stage} ${code}`)
  const causes = Array.from(groups.values(), (own): DeadLetterCause => {
    const { stage, code } = own[0] as FoundDeadLetter
    const { redrive, help } = catalogueEntryOf(code)
    const perDay = Array.from({ length: shownDays }, () => 0)
    let [first, last] = [Number.POSITIVE_INFINITY, 0]
    const states: Record<DeadLetterState, number> = { open: 0, put_back: 0, resolved: 0, failed_again: 0, discarded: 0 }
    for (const found of own) {
      first = Math.min(first, found.failedAt)
      last = Math.max(last, found.failedAt)
      states[stateOf(found)]++
      const day = shownDays - 1 - (today - Math.floor(found.failedAt / dayMs))
      if (day >= 0 && day < shownDays) perDay[day] = (perDay[day] ?? 0) + 1
    }
    const { open, put_back: putBack, failed_again: failedAgain, resolved, discarded } = states
    return { ...{ stage, code, open, putBack, resolved, failedAgain, discarded }, first, last, perDay, redrive, help }
  })
  return causes.sort((a, b) => b.open - a.open || b.last - a.last)
}
