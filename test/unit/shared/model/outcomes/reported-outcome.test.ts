import { eventProblemsOf, messageEventSchema } from '../../../../../services/shared/model/message-event.ts'
import { decimalOf } from '../../../../../services/shared/model/outcomes/reported-outcome.ts'
import { messageEvent } from '../../../../support/builders.ts'

const outcomeEvent = (outcome: unknown, fields: object = {}) => ({
  ...messageEvent({ kind: 'outcome', direction: 'outbound', sender: 'agent', text: null, textOrigin: null }),
  outcome,
  ...fields,
})

const problems = (event: unknown) => {
  const result = messageEventSchema.safeParse(event)
  return result.success ? [] : eventProblemsOf(result.error).map(({ field, problem }) => `${field}: ${problem}`)
}

const parsed = (event: unknown) => messageEventSchema.parse(event).outcome

describe('a decimal', () => {
  it.each<[unknown, string]>([
    [0, '0'],
    [149_000, '149000'],
    [12.5, '12.5'],
    ['12.50', '12.50'],
    ['007.10', '7.10'],
    ['0', '0'],
    ['999999999999999.999999', '999999999999999.999999'],
    [999_999_999_999_999, '999999999999999'],
  ])('%p is %s', (given, expected) => expect(decimalOf(given)).toBe(expected))

  it.each<[unknown]>([
    [-1],
    ['-1'],
    ['+1'],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [1e21],
    [1e-7],
    ['1e3'],
    ['1,000'],
    ['1.'],
    ['.5'],
    [''],
    ['1234567890123456'],
    ['0.1234567'],
    // More digits than a double holds: what arrives may not be what was sent.
    [Number('12345678901234.567')],
    [null],
    [true],
  ])('%p is none', (given) => expect(decimalOf(given)).toBeNull())
})

describe('an outcome', () => {
  it('has a name, and what is absent is null', () => {
    expect(parsed(outcomeEvent({ name: 'qualified' }))).toEqual({
      name: 'qualified',
      value: null,
      currency: null,
      reference: null,
    })
    expect(parsed(outcomeEvent({ name: 'paid', value: 12.5, currency: 'IDR', reference: 'INV-7' }))).toEqual({
      name: 'paid',
      value: '12.5',
      currency: 'IDR',
      reference: 'INV-7',
    })
  })

  it.each<[string, unknown, string]>([
    ['no outcome', null, 'outcome: is required for kind outcome: send at least {"name": …}'],
    ['no name', {}, 'outcome.name: is required for kind outcome: 1 to 100 characters'],
    ['a long name', { name: 'n'.repeat(101) }, 'outcome.name: must have at most 100 characters'],
    [
      'a value without a currency',
      { name: 'n', value: 1 },
      'outcome.currency: is required beside value: a code of ISO 4217, such as "IDR"',
    ],
    [
      'a currency that is none',
      { name: 'n', value: 1, currency: 'RUP' },
      'outcome.currency: must be a code of ISO 4217 in capitals, such as "IDR"',
    ],
    [
      'a currency in small letters',
      { name: 'n', value: 1, currency: 'idr' },
      'outcome.currency: must be a code of ISO 4217 in capitals, such as "IDR"',
    ],
    [
      'a negative value',
      { name: 'n', value: -1, currency: 'IDR' },
      'outcome.value: must be a decimal from 0, up to 15 digits and 6 decimals, without sign, exponent or separators; more than 15 digits only as a string',
    ],
    [
      'a value of another type',
      { name: 'n', value: true, currency: 'IDR' },
      'outcome.value: must be a decimal as a number or a string, such as 149000 or "12.50"',
    ],
    [
      'a long reference',
      { name: 'n', reference: 'r'.repeat(257) },
      'outcome.reference: must have at most 256 characters',
    ],
  ])('with %s is refused', (_name, outcome, expected) => expect(problems(outcomeEvent(outcome))).toEqual([expected]))

  it.each<[string, object, string]>([
    ['from the person', { direction: 'inbound' }, 'direction: must be outbound for kind outcome'],
    ['by the person', { sender: 'user' }, 'sender: must be agent, bot or unknown for kind outcome'],
    ['with a text', { text: 'hola' }, 'text: must be null for kind outcome: its name is outcome.name'],
  ])('%s is refused', (_name, fields, expected) =>
    expect(problems(outcomeEvent({ name: 'n' }, fields))).toEqual([expected]),
  )

  it('never repeats a value', () => {
    const secret = 'sangat-rahasia'
    const all = [
      outcomeEvent({ name: secret.repeat(10), value: secret, currency: secret, reference: secret.repeat(50) }),
      messageEvent({ kind: 'order', outcome: { name: secret } as never }),
    ]
    for (const event of all) expect(problems(event).join()).not.toContain(secret)
  })
})

describe('an order', () => {
  const order = (outcome: unknown) => ({ ...messageEvent({ kind: 'order', text: null, textOrigin: null }), outcome })

  it('carries its total', () =>
    expect(parsed(order({ value: '149000', currency: 'IDR' }))).toMatchObject({ name: null, value: '149000' }))

  it('has no outcome of a name', () =>
    expect(problems(order({ name: 'paid' }))).toEqual([
      'outcome.name: must be null on an order; send an event of kind outcome beside it',
    ]))
})

it('belongs to no other event', () =>
  expect(problems({ ...messageEvent(), outcome: { name: 'n' } })).toEqual([
    'outcome: belongs to events of kind outcome or order; set kind or leave it out',
  ]))
