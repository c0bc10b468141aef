/** Compares two versions of a rule set. A set is an ordered list: the first rule of an event and a window fires. */
import type { SignalRule } from '../../shared/model/rules/rule-set.ts'
import { factsFor } from './facts.ts'

export interface RuleSetDiff {
  readonly added: readonly SignalRule[]
  readonly removed: readonly SignalRule[]
  /** The same event and condition with another unless, count, value or report. */
  readonly changed: readonly { readonly before: SignalRule; readonly after: SignalRule }[]
  readonly same: number
  /** Rules that both versions have come in another order. */
  readonly reordered: boolean
}

const identity = ({ event, when }: SignalRule) => JSON.stringify([event, factsFor(when).toSorted()])
const options = ({ unless, count, hours, value, report }: SignalRule) =>
  JSON.stringify([unless === null ? null : factsFor(unless).toSorted(), count, hours, value, report])

export const diffRules = (before: readonly SignalRule[], after: readonly SignalRule[]): RuleSetDiff => {
  const left = [...before]
  /** Takes one of the rules that are left. */
  const takeFrom = (fits: (rule: SignalRule) => boolean): SignalRule | undefined => {
    const at = left.findIndex(fits)
    return at < 0 ? undefined : left.splice(at, 1)[0]
  }
  const kept: SignalRule[] = []
  const fresh = after.filter((rule) => {
    const equal = takeFrom((other) => identity(other) === identity(rule) && options(other) === options(rule))
    if (equal) kept.push(equal)
    return equal === undefined
  })
  const changed: { before: SignalRule; after: SignalRule }[] = []
  const added = fresh.filter((rule) => {
    const other = takeFrom((one) => identity(one) === identity(rule))
    if (other) changed.push({ before: other, after: rule })
    return other === undefined
  })
  const places = kept.map((rule) => before.indexOf(rule))
  return {
    added,
    removed: left,
    changed,
    same: kept.length,
    reordered: places.some((place, at) => at > 0 && place < (places[at - 1] as number)),
  }
}
