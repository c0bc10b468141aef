/**
 * What became of a conversation, as its source reports it: a label, a stage, a payment, an order's total (docs/contracts.md, section 11).
 * Values are decimals as text, since floats would change them.
 */
import { z } from 'zod'
import { isCurrency } from './currencies.ts'

export const maxOutcomeName = 100
export const maxOutcomeReference = 256

/** What a value looks like past validation, and on the wire. */
const decimal = /^(0|[1-9]\d{0,14})(\.\d{1,6})?$/
/** JSON numbers are doubles: more digits than these may have changed on the way. */
const exactDigits = 15

/** The canonical form of a decimal: no sign, exponent or leading zeros. null: none, or not exact. */
export const decimalOf = (value: unknown): string | null => {
  if (typeof value !== 'string' && typeof value !== 'number') return null
  const text = String(value).replace(/^0+(?=\d)/, '')
  if (!decimal.test(text)) return null
  if (typeof value === 'number' && text.replace('.', '').length > exactDigits) return null
  return text
}

/** A text that may be absent: empty is null. @param most characters */
export const optionalText = (most: number) =>
  z
    .string()
    .max(most, `must have at most ${most} characters`)
    .nullish()
    .transform((text) => (text === undefined || text === '' ? null : text))

const value = z
  .union([z.string(), z.number()], 'must be a decimal as a number or a string, such as 149000 or "12.50"')
  .nullish()
  .transform((given, context) => {
    if (given === undefined || given === null || given === '') return null
    const exact = decimalOf(given)
    if (exact === null)
      context.addIssue({
        code: 'custom',
        message:
          'must be a decimal from 0, up to 15 digits and 6 decimals, without sign, exponent or separators; more than 15 digits only as a string',
      })
    return exact
  })

export const outcomeSchema = z
  .object({
    name: optionalText(maxOutcomeName),
    value,
    currency: optionalText(3),
    reference: optionalText(maxOutcomeReference),
  })
  .superRefine(({ value: given, currency }, context) => {
    if (currency !== null && !isCurrency(currency))
      context.addIssue({
        code: 'custom',
        path: ['currency'],
        message: 'must be a code of ISO 4217 in capitals, such as "IDR"',
      })
    if (given !== null && currency === null)
      context.addIssue({
        code: 'custom',
        path: ['currency'],
        message: 'is required beside value: a code of ISO 4217, such as "IDR"',
      })
  })

/** name: null on an order only. value: a canonical decimal; with it, a currency. */
export type ReportedOutcome = z.output<typeof outcomeSchema>

interface OutcomeFacts {
  readonly kind: string
  readonly direction: string
  readonly sender: string
  readonly text: string | null
  readonly outcome: ReportedOutcome | null
}

/** What is wrong with an event as a whole where outcomes are concerned: fields and remedies, never a value. */
export const outcomeProblems = ({
  kind,
  direction,
  sender,
  text,
  outcome,
}: OutcomeFacts): readonly { readonly path: readonly string[]; readonly message: string }[] => {
  if (kind === 'order')
    return outcome === null || outcome.name === null
      ? []
      : [{ path: ['outcome', 'name'], message: 'must be null on an order; send an event of kind outcome beside it' }]
  if (kind !== 'outcome')
    return outcome === null
      ? []
      : [{ path: ['outcome'], message: 'belongs to events of kind outcome or order; set kind or leave it out' }]
  return [
    ...(outcome === null
      ? [{ path: ['outcome'], message: 'is required for kind outcome: send at least {"name": …}' }]
      : []),
    ...(outcome !== null && outcome.name === null
      ? [{ path: ['outcome', 'name'], message: `is required for kind outcome: 1 to ${maxOutcomeName} characters` }]
      : []),
    ...(direction === 'outbound' ? [] : [{ path: ['direction'], message: 'must be outbound for kind outcome' }]),
    ...(sender === 'user' ? [{ path: ['sender'], message: 'must be agent, bot or unknown for kind outcome' }] : []),
    ...(text === null ? [] : [{ path: ['text'], message: 'must be null for kind outcome: its name is outcome.name' }]),
  ]
}
