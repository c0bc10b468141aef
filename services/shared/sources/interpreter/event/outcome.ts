/** Compiles the rule for what became of a conversation: the outcome of an event of kind `outcome` or `order`. */
import type { Kind } from '../../../model/message-event.ts'
import { decimalOf, outcomeSchema, type ReportedOutcome } from '../../../model/outcomes/reported-outcome.ts'
import type { EventRule } from '../language/event-rule.ts'
import type { Value } from '../language/expressions.ts'
import { within } from '../language/problem.ts'
import type { Frame, Scope } from '../scope.ts'
import { asText } from '../values/as-text.ts'
import { compileValue } from '../values/values.ts'

/** A reason names a field, never a value. */
export type ReadOutcome = (
  frame: Frame,
  kind: Kind,
) => { readonly outcome: ReportedOutcome | null } | { readonly reason: string }

const none = { outcome: null }
const powerOfTen = /^10*$/

/** Divides a decimal by a power of ten, in text. null: one of the two is none. */
export const inUnits = (value: string, units: string): string | null => {
  if (!powerOfTen.test(units)) return null
  const zeros = units.length - 1
  const [whole = '', rest = ''] = value.split('.', 2)
  const digits = whole.padStart(zeros + 1, '0')
  const decimals = digits.slice(digits.length - zeros, digits.length) + rest
  const before = digits.slice(0, digits.length - zeros)
  return decimalOf(decimals === '' ? before : `${before}.${decimals}`)
}

/** @throws MappingProblem */
export const compileOutcome = (rule: EventRule['outcome'], scope: Scope): ReadOutcome => {
  if (rule === undefined)
    return (_frame, kind) => (kind === 'outcome' ? { reason: 'outcome is missing: the rule names none' } : none)
  const read = (key: string, value: Value | undefined) => {
    if (value === undefined) return () => null
    const compiled = within('outcome', () => within(key, () => compileValue(value, scope)))
    return (frame: Frame) => asText(compiled(frame))
  }
  const name = read('name', rule.name)
  const value = read('value', rule.value)
  const units = read('units', rule.units)
  const currency = read('currency', rule.currency)
  const reference = read('reference', rule.reference)

  return (frame, kind) => {
    if (kind !== 'outcome' && kind !== 'order') return none
    const given = value(frame)
    const parts = units(frame)
    const shifted = given === null || parts === null ? given : (inUnits(given, parts) ?? 'no decimal')
    const result = outcomeSchema.safeParse({
      name: kind === 'order' ? null : name(frame),
      value: shifted,
      currency: shifted === null ? null : (currency(frame)?.toUpperCase() ?? null),
      reference: reference(frame),
    })
    if (!result.success) {
      // An order counts also where its total cannot be read.
      if (kind === 'order') return none
      const [issue] = result.error.issues
      return { reason: `outcome.${issue?.path.join('.')}: ${issue?.message}` }
    }
    const outcome = result.data
    if (kind === 'outcome' && outcome.name === null) return { reason: 'outcome.name is missing' }
    return kind === 'order' && outcome.value === null && outcome.reference === null ? none : { outcome }
  }
}
