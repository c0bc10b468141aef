/**
 * JSON Schema of an outcome, and what it means for the fields beside it. Written by hand, since zod's refinements draw nothing;
 * a test judges events by both. A number of more than 15 digits is the one thing that only the receiver refuses.
 */
import { currencyCodes } from './currencies.ts'
import { maxOutcomeName, maxOutcomeReference } from './reported-outcome.ts'

const decimalPattern = '^(0*[0-9]{1,15}(\\.[0-9]{1,6})?)?$'
const text = (maxLength: number) => ({ type: ['string', 'null'], maxLength })
const given = { not: { enum: [null, ''] } }

export const outcomeJsonSchema = {
  type: ['object', 'null'],
  properties: {
    name: text(maxOutcomeName),
    value: { anyOf: [{ type: 'string', pattern: decimalPattern }, { type: 'number', minimum: 0 }, { type: 'null' }] },
    currency: { enum: [...currencyCodes, '', null] },
    reference: text(maxOutcomeReference),
  },
  if: { type: 'object', required: ['value'], properties: { value: given } },
  // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
  then: { required: ['currency'], properties: { currency: given } },
} as const

const ofKind = (kind: string) => ({ required: ['kind'], properties: { kind: { const: kind } } })

/** For the `allOf` of an event. */
export const outcomeConditions = [
  {
    if: ofKind('outcome'),
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: {
      required: ['outcome'],
      properties: {
        direction: { const: 'outbound' },
        sender: { not: { const: 'user' } },
        text: { enum: [null, ''] },
        outcome: { type: 'object', required: ['name'], properties: { name: { type: 'string', minLength: 1 } } },
      },
    },
    else: {
      if: ofKind('order'),
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
      then: { properties: { outcome: { properties: { name: { enum: [null, ''] } } } } },
      else: { properties: { outcome: { type: 'null' } } },
    },
  },
] as const
