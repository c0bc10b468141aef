import { Faults, faultSchema } from '../../../../services/local/simulator/faults.ts'
import { hashOf, Store } from '../../../../services/local/simulator/store.ts'
import { type SimulatorState, track } from '../../../../services/local/simulator/track.ts'
import { noon } from '../../../support/builders.ts'

const hour = 3_600_000
const seconds = noon / 1000
const event = (id: unknown = 'e1', fields: object = {}) => ({
  event: 'Conversation',
  event_id: id,
  event_time: seconds,
  ...fields,
})
const body = (data: unknown, fields: object = {}) =>
  JSON.stringify({ event_source: 'message', event_source_id: '9', data, ...fields })

const open = () => {
  const state = { now: noon }
  const simulator: SimulatorState = {
    store: new Store(5),
    faults: new Faults(),
    tokens: new Set(),
    now: () => state.now,
  }
  const send = (text: string, token: string | undefined = 'one') => {
    const answer = track(text, token, simulator)
    return answer.kind === 'answer' && answer.type.startsWith('application/json')
      ? { ...(JSON.parse(answer.body) as { code: number; message: string; request_id: string }), status: answer.status }
      : { code: null, message: answer.kind, status: answer.kind === 'answer' ? answer.status : null }
  }
  return {
    ...simulator,
    simulator,
    send,
    state,
    fault: (fault: object) => simulator.faults.add(faultSchema.parse(fault)),
  }
}

describe('the track endpoint', () => {
  it('accepts a valid call', () => {
    const { send, store } = open()
    expect(send(body([event()]))).toMatchObject({ code: 0, message: 'OK', status: 200 })
    expect(store.events(0, 10)).toMatchObject([
      { seq: 1, eventSourceId: '9', tokenHash: hashOf('one'), event: event() },
    ])
  })

  it.each<[string, string, number, RegExp]>([
    ['no JSON', '{', 40002, /JSON/],
    ['no object', '[]', 40002, /JSON object/],
    ['no event source', body([event()], { event_source: '' }), 40002, /event_source/],
    ['an unknown event source', body([event()], { event_source: 'chat' }), 40002, /event_source/],
    ['no event source id', body([event()], { event_source_id: 9 }), 40002, /event_source_id/],
    ['no events', body([]), 40002, /data/],
    ['events that are no list', body({}), 40002, /data/],
    ['over 1,000 events', body(Array.from({ length: 1_001 }, (_, i) => event(`e${i}`))), 40061, /1000/],
    ['an event that is none', body([event(), 7]), 40002, /^Batch\.1\./],
    ['an event without a name', body([event('e', { event: undefined })]), 40002, /^Batch\.0\.event/],
    ['an id that is no string', body([event(), event(5)]), 40002, /^Batch\.1\..*event_id: not a valid string/],
    ['no time', body([event('e', { event_time: undefined })]), 40002, /event_time: Missing/],
    ['a time with a fraction', body([event('e', { event_time: seconds + 0.5 })]), 40002, /integer/],
    ['a time in milliseconds', body([event('e', { event_time: noon })]), 40002, /milliseconds/],
    ['a time in the future', body([event('e', { event_time: seconds + 3_600 })]), 40002, /future/],
    ['properties that are no object', body([event('e', { properties: [] })]), 40002, /properties/],
    ['a value that is no number', body([event('e', { properties: { value: '12.50' } })]), 40002, /properties\.value/],
    ['a currency that is none', body([event('e', { properties: { currency: 'RUP' } })]), 40002, /properties\.currency/],
    ['a currency in small letters', body([event('e', { properties: { currency: 'idr' } })]), 40002, /ISO 4217/],
    ['an unhashed phone', body([event('e', { user: { phone: '+1' } })]), 40062, /hashed/],
    ['a web event without a page', body([event()], { event_source: 'web' }), 40002, /page\.url/],
    ['a crm event without a lead', body([event()], { event_source: 'crm' }), 40002, /lead_id/],
  ])('refuses %s, and accepts no event of the call', (_name, text, code, message) => {
    const { send, store } = open()
    expect(send(text)).toMatchObject({ code, status: 200, message: expect.stringMatching(message) })
    expect(store.stats()).toMatchObject({ events: 0, refused: 1, calls: 1 })
  })

  it('accepts 1,000 events', () => {
    expect(open().send(body(Array.from({ length: 1_000 }, (_, i) => event(`e${i}`))))).toMatchObject({ code: 0 })
  })

  it('requires a token, and a registered one once any is registered', () => {
    const { send, tokens, simulator } = open()
    expect(track(body([event()]), undefined, simulator)).toMatchObject({ body: expect.stringContaining('40104') })
    expect(send(body([event()]), 'any').code).toBe(0)
    tokens.add('one')
    expect(send(body([event('e2')]), 'any').code).toBe(40105)
    expect(send(body([event('e2')]), 'one').code).toBe(0)
  })

  it('shows test events and counts none', () => {
    const { send, store } = open()
    expect(send(body([event()], { test_event_code: '' })).code).toBe(40002)
    send(body([event()], { test_event_code: 'TEST1' }))
    send(body([event()]))
    expect(store.stats()).toMatchObject({ events: 1, duplicates: 0, tests: 1 })
    expect(store.events(0, 10).map(({ testEventCode }) => testEventCode)).toEqual(['TEST1', null])
  })

  it('counts a repeat within 48 h once, by event set, name and id', () => {
    const { send, store, state } = open()
    send(body([event()]))
    send(body([event(), event('e1', { event: 'Keyword' })]))
    send(body([event()], { event_source_id: '8' }))
    expect(store.stats()).toMatchObject({ events: 3, duplicates: 1 })
    state.now += 47 * hour
    send(body([event()]))
    expect(store.stats()).toMatchObject({ events: 3, duplicates: 2 })
    state.now += 2 * hour
    send(body([event()]))
    expect(store.stats()).toMatchObject({ events: 4, duplicates: 2 })
  })

  it('keeps the newest events and counts all', () => {
    const { send, store } = open()
    for (let i = 1; i <= 12; i++) send(body([event(`e${i}`)]))
    expect(store.events(0, 100).map(({ seq }) => seq)).toEqual([8, 9, 10, 11, 12])
    expect(store.events(9, 2).map(({ seq }) => seq)).toEqual([10, 11])
    expect(store.events(12, 2)).toEqual([])
    expect(store.stats()).toMatchObject({ events: 12, lastEvent: 12, lastCall: 12 })
  })
})

describe('faults', () => {
  const call = body([event('e1'), event('e2'), event('e3')])

  it.each<[string, object, object, number]>([
    ['a code', { code: 40100 }, { code: 40100, status: 200 }, 0],
    ['a code with a status', { code: 50000, status: 500 }, { code: 50000, status: 500 }, 0],
    ['a status', { status: 503 }, { code: null, status: 503 }, 0],
    ['a page', { html: true }, { code: null, status: 200 }, 0],
    ['silence', { timeout: true }, { message: 'silence' }, 0],
    ['a cut connection', { reset: true }, { message: 'reset' }, 0],
    ['a lost answer', { reset: true, taken: true }, { message: 'reset' }, 3],
    ['a partial success by index', { partial: { places: [1] } }, { code: 20001 }, 2],
    ['a partial success by id', { partial: { eventIds: ['e1', 'e3'] } }, { code: 20001 }, 1],
    ['a partial success without a failed event in the call', { partial: { eventIds: ['e9'] } }, { code: 0 }, 3],
    ['slowness', { slowMs: 5 }, { code: 0 }, 3],
    ['scripted success', { code: 0 }, { code: 0 }, 3],
  ])('%s', (_name, fault, answer, taken) => {
    const { send, store, fault: add } = open()
    add(fault)
    expect(send(call)).toMatchObject(answer)
    expect(store.stats().events).toBe(taken)
  })

  it('apply to the calls that they name, as often as they say', () => {
    const { send, fault } = open()
    fault({ token: 'one', code: 40100, count: 2 })
    fault({ eventSourceId: '8', code: 40105 })
    fault({ eventIds: ['e7'], code: 40002, hint: true })
    expect([send(call, 'two').code, send(call).code, send(call).code, send(call).code]).toEqual([0, 40100, 40100, 0])
    expect(send(body([event('x')], { event_source_id: '8' }), 'two').code).toBe(40105)
    expect(send(body([event('x'), event('e7')]), 'two')).toMatchObject({
      code: 40002,
      message: expect.stringMatching(/^Batch\.1\./),
    })
  })

  it('leave out calls with fewer events than they name', () => {
    const { send, fault } = open()
    fault({ minEvents: 2, count: 1, partial: { places: [0] } })
    expect([send(body([event('alone')])).code, send(call).code, send(call).code]).toEqual([0, 20001, 0])
  })

  it('answer 40050 only to a call with known events', () => {
    const { send, fault } = open()
    fault({ duplicates: true })
    expect([send(call).code, send(call).code, send(body([event('e1'), event('e4')])).code]).toEqual([0, 40050, 0])
  })

  it('are removed one by one or all together', () => {
    const { send, fault, faults } = open()
    const { id } = fault({ code: 40100 })
    fault({ code: 50000 })
    expect(faults.remove(id)).toBe(true)
    expect(faults.remove(id)).toBe(false)
    expect(send(call).code).toBe(50000)
    faults.clear()
    expect(send(call).code).toBe(0)
  })

  it('with an unknown field are refused', () => {
    expect(faultSchema.safeParse({ codes: 1 }).success).toBe(false)
  })
})
