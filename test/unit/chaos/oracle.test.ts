import { type Expected, Oracle } from '../../chaos/oracle.ts'
import { chaosPerson } from '../../chaos/people.ts'

const expected: Expected = {
  ...{ eventSet: '901', event: 'Keyword', time: 1_700_000_000 },
  ...{ trackingId: 'E.C.P.1', properties: { payment: true } },
}
const event = {
  ...{ event: 'Keyword', event_id: 'a', event_time: 1_700_000_000 },
  ...{ user: { ttclid: 'E.C.P.1' }, properties: { payment: true } },
}

/** The counts that are not 0, without `expected`. */
const judged = (...received: readonly object[]) => {
  const oracle = new Oracle()
  oracle.expect(expected)
  for (const one of received) oracle.receive({ eventSetId: '901', event: one as Readonly<Record<string, unknown>> })
  const { expected: _, examples: __, ...counts } = oracle.verdict()
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0))
}

describe('the oracle of chaos', () => {
  it.each([
    ['an event as expected', [event], { right: 1 }],
    ['the same event again under its id', [event, event], { right: 1, again: 1 }],
    ['nothing', [], { missing: 1 }],
    ['a second id', [event, { ...event, event_id: 'b' }], { doubled: 1 }],
    ['another tracking ID', [{ ...event, user: { ttclid: 'E.C.P.2' } }], { different: 1 }],
    ['no tracking ID', [{ ...event, user: {} }], { different: 1 }],
    ['another flag', [{ ...event, properties: { shipping: true } }], { different: 1 }],
    ['another value', [{ ...event, properties: { payment: 1 } }], { different: 1 }],
    ['a field too many', [{ ...event, text: 'hola' }], { different: 1 }],
    ['other content under the id of a right one', [event, { ...event, properties: {} }], { different: 1, again: 1 }],
    ['another time', [{ ...event, event_time: 1_700_000_001 }], { missing: 1, unexpected: 1 }],
    ['another event', [{ ...event, event: 'Order' }], { missing: 1, unexpected: 1 }],
  ])('judges %s', (_, received, counts) => {
    expect(judged(...received)).toEqual(counts)
  })

  it('takes an event without its tracking ID for right only if its referral came late', () => {
    const oracle = new Oracle()
    oracle.expect(expected)
    oracle.receive({ eventSetId: '901', event: { ...event, user: {} } })
    expect(oracle.verdict()).toMatchObject({ right: 0, different: 1, tooLate: 0 })
    oracle.late([expected])
    expect(oracle.verdict()).toMatchObject({ right: 1, different: 0, tooLate: 1 })
    oracle.receive({ eventSetId: '901', event: { ...event, user: { ttclid: 'E.C.P.2' } } })
    expect(oracle.verdict()).toMatchObject({ right: 0, different: 1 })
  })

  it('tells event sets apart', () => {
    const oracle = new Oracle()
    oracle.expect(expected)
    oracle.receive({ eventSetId: '902', event })
    expect(oracle.verdict()).toMatchObject({ missing: 1, unexpected: 1 })
  })

  it('refuses two expected events that it could not tell apart', () => {
    const oracle = new Oracle()
    oracle.expect(expected)
    expect(() => oracle.expect({ ...expected, trackingId: null })).toThrow('a second of its own')
  })
})

describe('the people of chaos', () => {
  it('expect events that differ in event set, name or time', () => {
    const oracle = new Oracle()
    for (let n = 0; n < 1_000; n++) for (const one of chaosPerson(n, 1_700_000_000).expected) oracle.expect(one)
    expect(oracle.expected).toBeGreaterThan(1_900)
  })
})
