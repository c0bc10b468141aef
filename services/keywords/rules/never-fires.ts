/** Finds rules that can never fire: what they ask for keeps them back, or an earlier rule always takes their place. */
import type { SignalRule } from '../../shared/model/rules/rule-set.ts'
import { factsFor } from './facts.ts'

export interface RuleProblem {
  /** Position of the rule, from 0. */
  readonly rule: number
  readonly field: 'when' | 'unless'
  readonly message: string
}

const isWithin = (facts: readonly string[], others: readonly string[]) => facts.every((fact) => others.includes(fact))

/** The place of a message is reached only after the places before it. */
const needsEarlierPlace = ({ when, unless }: SignalRule): boolean =>
  when.inboundMessages !== null &&
  unless?.inboundMessages !== null &&
  unless?.inboundMessages !== undefined &&
  unless.inboundMessages <= when.inboundMessages

/** Whether an earlier rule fires, or has fired, in each window in which the later one would. */
const takesPlaceOf = (earlier: SignalRule, later: SignalRule): boolean =>
  earlier.report !== 'off' &&
  earlier.event === later.event &&
  earlier.count === later.count &&
  earlier.hours === later.hours &&
  isWithin(factsFor(later.when), factsFor(earlier.when)) &&
  (earlier.unless === null || (later.unless !== null && isWithin(factsFor(earlier.unless), factsFor(later.unless))))

/** @param rules null: one that has a problem of its own, so nothing is said of it */
export const neverFires = (rules: readonly (SignalRule | null)[]): readonly RuleProblem[] =>
  rules.flatMap((rule, at): RuleProblem[] => {
    if (rule === null) return []
    const { when, unless } = rule
    if (unless !== null && (isWithin(factsFor(when), factsFor(unless)) || needsEarlierPlace(rule)))
      return [
        {
          rule: at,
          field: 'unless',
          message: 'holds whenever when does, so the rule can never fire; name what happened besides',
        },
      ]
    const earlier = rules.slice(0, at).findIndex((one) => one !== null && takesPlaceOf(one, rule))
    if (earlier < 0) return []
    return [
      {
        rule: at,
        field: 'when',
        message: `is covered by rule ${earlier + 1}, which fires the same event first, so the rule can never fire; remove one, or change its event or count`,
      },
    ]
  })
