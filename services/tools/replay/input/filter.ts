/**
 * `--where`: a small language for conditions on messages. `field=value`, `field!=value`; several values stand between commas and
 * mean "one of them"; several conditions must all hold. Pure.
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

/** A condition is wrong; the message says how one is written. */
export class FilterInvalid extends Error {
  override readonly name = 'WhereInvalid'
}

const closed: Partial<Record<FilterField, readonly string[]>> = {
  channel: channels,
  kind: kinds,
  direction: directions,
  sender: senders,
}

/** @throws WhereInvalid */
export const parseFilter = (text: string): FilterCondition => {
  const [, field, operator, list] = /^\s*([a-z]+)\s*(!?=)\s*(.+?)\s*$/s.exec(text) ?? []
  if (field === undefined || list === undefined)
    throw new FilterInvalid(`--where "${text}" is not of the form field=value or field!=value`)
  if (!(filterFields as readonly string[]).includes(field))
    throw new FilterInvalid(`--where: there is no field "${field}"; there are ${filterFields.join(', ')}`)
  const values = list.split(',').map((value) => value.trim())
  if (values.some((value) => value === '')) throw new FilterInvalid(`--where ${field}: a value is empty`)
  const known = closed[field as FilterField]
  const unknown = known && values.find((value) => !known.includes(value))
  if (unknown) throw new FilterInvalid(`--where ${field}: "${unknown}" is none of ${known.join(', ')}`)
  return { field: field as FilterField, negated: operator === '!=', values }
}

const pseudonym = /^[0-9a-f]{32}$/

/**
 * Ids of the source (a phone number may be in one) become the pseudonyms that stand for them past ingest: a run is written down,
 * and nothing of a person may be.
 * @param standFor pseudonyms of an id, one for each connection that could know it
 */
export const withPseudonyms = (
  conditions: readonly FilterCondition[],
  standFor: (kind: 'conversation' | 'message', id: string) => readonly string[],
): readonly FilterCondition[] =>
  conditions.map((condition) => {
    const { field, values } = condition
    if (field !== 'conversation' && field !== 'message') return condition
    return {
      ...condition,
      values: values.flatMap((value) => (pseudonym.test(value) ? [value] : standFor(field, value))),
    }
  })

export const filterMatches = (message: Message, conditions: readonly FilterCondition[]): boolean =>
  conditions.every(({ field, negated, values }) => {
    const actual = field === 'connection' ? message.connectionId : message[field]
    return values.includes(actual) !== negated
  })
