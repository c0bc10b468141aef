/** Compiles the rule for what became of a conversation: the outcome of an event of kind `outcome` or `order`. */
import type { Kind } from '../../../model/message-event.ts'
import { decimalOf, outcomeSchema, type ReportedOutcome } from '../../../model/outcomes/reported-outcome.ts'
import { withoutEnding } from '../../../text/without-ending.ts'
import type { EventRule } from '../language/event-rule.ts'
import type { Value } from '../language/expressions.ts'
import { MappingProblem, within } from '../language/problem.ts'
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

const decimals = 6
const scale = 10n ** BigInt(decimals)
/** A decimal of at most six decimals, in millionths. */
const millionths = (value: unknown): bigint | null => {
  const exact = decimalOf(value)
  if (exact === null) return null
  const [whole = '', rest = ''] = exact.split('.', 2)
  return BigInt(`${whole}${rest.padEnd(decimals, '0')}`)
}

type Total = NonNullable<NonNullable<EventRule['outcome']>['total']>
const noTotal = { value: null, currency: null }

/** Null where the list is empty, an element has no decimal, or the elements have several currencies. */
export const totalOf = (
  list: unknown,
  { price, quantity, currency }: Pick<Total, 'price' | 'quantity' | 'currency'>,
): { readonly value: string | null; readonly currency: string | null } => {
  if (!Array.isArray(list) || list.length === 0) return noTotal
  const currencies = new Set<string | null>()
  let sum = 0n
  for (const element of list as (Record<string, unknown> | null)[]) {
    const [one, times] = [millionths(element?.[price]), millionths(element?.[quantity])]
    if (one === null || times === null) return noTotal
    sum += one * times
    currencies.add(asText(element?.[currency]))
  }
  const [only = null] = currencies
  if (currencies.size > 1 || only === null || sum % scale !== 0n) return noTotal
  const digits = String(sum / scale).padStart(decimals + 1, '0')
  const rest = withoutEnding(digits.slice(-decimals), '0')
  const value = decimalOf(`${digits.slice(0, -decimals)}${rest === '' ? '' : `.${rest}`}`)
  return value === null ? noTotal : { value, currency: only }
}

/** @throws MappingProblem */
const compileTotal = (rule: NonNullable<EventRule['outcome']>, scope: Scope) =>
  within('outcome', () => {
    const { total } = rule
    if (total === undefined) return null
    if (rule.value !== undefined || rule.currency !== undefined || rule.units !== undefined)
      throw new MappingProblem('takes either total, or value, units and currency')
    const list = within('total', () => within('of', () => compileValue(total.of, scope)))
    return (frame: Frame) => totalOf(list(frame), total)
  })

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
  const total = compileTotal(rule, scope)

  return (frame, kind) => {
    if (kind !== 'outcome' && kind !== 'order') return none
    const summed = total?.(frame) ?? null
    const given = summed === null ? value(frame) : summed.value
    const parts = units(frame)
    const shifted = given === null || parts === null ? given : (inUnits(given, parts) ?? 'no decimal')
    const result = outcomeSchema.safeParse({
      name: kind === 'order' ? null : name(frame),
      value: shifted,
      currency: shifted === null ? null : ((summed ? summed.currency : currency(frame))?.toUpperCase() ?? null),
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
