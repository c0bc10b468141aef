/**
 * `--where`: conditions on messages, `field=value` or `field!=value`. Commas separate values: one of them must match. All conditions
 * must hold. Pure.
 */
import { channels, directions, kinds, senders } from '../../../shared/model/message-event.ts'
import type { Message } from '../../../shared/model/topic-values.ts'

export const filterFields = [
  'connection',
  'source',
  'channel',
  'kind',
  'direction',
  'sender',
  'conversation',
  'message',
] as const
export type FilterField = (typeof filterFields)[number]

export interface FilterCondition {
  readonly field: FilterField
  readonly negated: boolean
  readonly values: readonly string[]
}

/** A condition is malformed; the message gives the form. */
export class FilterInvalid extends Error {
  override readonly name = 'FilterInvalid'
}

const enumerated: Partial<Record<FilterField, readonly string[]>> = {
  channel: channels,
  kind: kinds,
  direction: directions,
  sender: senders,
}

/** @throws FilterInvalid */
export const parseFilter = (text: string): FilterCondition => {
  const [, field, operator, list] = /^([a-z]+)\s*(!?=)\s*(.+)$/s.exec(text.trim()) ?? []
  if (field === undefined || list === undefined)
    throw new FilterInvalid(`--where "${text}" is not of the form field=value or field!=value`)
  if (!(filterFields as readonly string[]).includes(field))
    throw new FilterInvalid(`--where: there is no field "${field}"; there are ${filterFields.join(', ')}`)
  const values = list.split(',').map((value) => value.trim())
  if (values.some((value) => value === '')) throw new FilterInvalid(`--where ${field}: a value is empty`)
  const allowed = enumerated[field as FilterField]
  const wrong = allowed && values.find((value) => !allowed.includes(value))
  if (wrong) throw new FilterInvalid(`--where ${field}: "${wrong}" is none of ${allowed.join(', ')}`)
  return { field: field as FilterField, negated: operator === '!=', values }
}

const pseudonym = /^[0-9a-f]{32}$/

/**
 * Replaces ids of the source by the pseudonyms that ingest gives them. The run's record keeps the conditions, and a source's id may
 * hold a phone number.
 * @param pseudonymsOf pseudonyms of an id, one for each connection that could have it
 */
export const withPseudonyms = (
  conditions: readonly FilterCondition[],
  pseudonymsOf: (kind: 'conversation' | 'message', id: string) => readonly string[],
): readonly FilterCondition[] =>
  conditions.map((condition) => {
    const { field, values } = condition
    if (field !== 'conversation' && field !== 'message') return condition
    return {
      ...condition,
      values: values.flatMap((value) => (pseudonym.test(value) ? [value] : pseudonymsOf(field, value))),
    }
  })

export const filterMatches = (message: Message, conditions: readonly FilterCondition[]): boolean =>
  conditions.every(({ field, negated, values }) => {
    const actual = field === 'connection' ? message.connectionId : message[field]
    return values.includes(actual) !== negated
  })
