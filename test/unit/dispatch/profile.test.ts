import { callEncoder } from '../../../services/dispatch/destinations/tiktok/index.ts'
import { eventEncoder, loadProfile, parseProfile } from '../../../services/dispatch/destinations/tiktok/profile.ts'
import { signal } from '../../support/builders.ts'

const local = 'http://127.0.0.1:8080'
const real = 'https://business-api.tiktok.com'
const at = Date.UTC(2026, 10, 23, 12, 0, 0, 987)

describe('the profile simulator-1', () => {
  const call = callEncoder(loadProfile(undefined, local))

  it('writes what the contract shows, to the byte', () => {
    const body = call('9000000000001', [
      signal({ signalId: 'a'.repeat(32), occurredAt: at, trackingId: 'click-1' }),
      signal({ signalId: 'b'.repeat(32), occurredAt: at + 42_000, kind: 'keyword', flags: ['payment'] }),
    ])
    expect(body).toBe(
      `{"event_source":"message","event_source_id":"9000000000001","data":[{"event":"Conversation","event_id":"${'a'.repeat(32)}","event_time":1795435200,"user":{"ttclid":"click-1"},"properties":{}},{"event":"Keyword","event_id":"${'b'.repeat(32)}","event_time":1795435242,"user":{},"properties":{"payment":true}}]}`,
    )
  })

  it('writes an order', () => {
    expect(JSON.parse(call('9', [signal({ kind: 'order' })])).data[0]).toMatchObject({
      event: 'Order',
      properties: { order: true },
    })
  })

  it('leaves an empty tracking id away, as one that is not there', () => {
    expect(JSON.parse(call('9', [signal({ trackingId: '' })])).data[0].user).toEqual({})
  })

  it('says nothing else of the message', () => {
    const event = JSON.parse(call('9', [signal({ keywordListVersion: 3, channel: 'telegram' })])).data[0]
    expect(Object.keys(event)).toEqual(['event', 'event_id', 'event_time', 'user', 'properties'])
  })

  it('does not carry one signal into the next', () => {
    const both = JSON.parse(call('9', [signal({ kind: 'keyword', flags: ['payment'] }), signal({ kind: 'keyword' })]))
    expect(both.data[1].properties).toEqual({})
  })
})

describe('choosing a profile', () => {
  it.each([local, 'http://localhost:1', 'http://[::1]:1', 'http://127.9.9.9', 'http://tiktok.localhost'])(
    'takes the simulator’s for %s',
    (url) => expect(loadProfile(undefined, url).name).toBe('simulator-1'),
  )

  it.each([real, 'http://127.0.0.1.example.com', 'http://10.0.0.1', 'http://localhost.example'])(
    'has no default for %s',
    (url) => expect(() => loadProfile(undefined, url)).toThrow(/TIKTOK_WIRE_PROFILE is not set/),
  )

  it('refuses the simulator’s for a real host', () => {
    expect(() => loadProfile('simulator-1', real)).toThrow(/refused for any other host/)
  })

  it.each(['simulator-2', '../../x', 'nowhere.json'])('refuses what is not there: %s', (name) => {
    expect(() => loadProfile(name, local)).toThrow(/TIKTOK_WIRE_PROFILE/)
  })
})

describe('a profile of one’s own', () => {
  const document = {
    name: 'partner',
    version: 2,
    eventSource: 'crm',
    events: {
      conversation: { name: 'Talk' },
      keyword: { name: 'Word', properties: { via: 'chat' } },
      order: { name: 'Bought' },
    },
    trackingId: 'click',
    flags: { at: 'properties.keywords', value: 1 },
  }
  const parse = (change: object) => parseProfile(JSON.stringify({ ...document, ...change }), 'the file')

  it('places flags and tracking id where it says', () => {
    const encode = eventEncoder(parse({}))
    expect(encode(signal({ kind: 'keyword', flags: ['payment', 'booking'], trackingId: 'c', occurredAt: at }))).toEqual(
      {
        event: 'Word',
        event_id: '5e'.repeat(16),
        event_time: 1795435200,
        user: {},
        properties: { via: 'chat', keywords: { payment: 1, booking: 1 } },
        click: 'c',
      },
    )
  })

  it.each([
    ['an event without a name', { events: { ...document.events, order: { name: '' } } }, /events\.order\.name/],
    ['a kind left out', { events: { conversation: { name: 'Talk' } } }, /events\.keyword/],
    ['a field nobody reads', { flag: 1 }, /flag/],
    ['a place that is none', { trackingId: 'a.b.c' }, /trackingId/],
  ])('is refused for %s', (_name, change, message) => expect(() => parse(change)).toThrow(message))
})
