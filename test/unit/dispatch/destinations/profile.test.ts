import { createHash } from 'node:crypto'
import { eventEncoder } from '../../../../services/dispatch/destinations/tiktok/encoder.ts'
import { callEncoder, loadProfile, partsOf } from '../../../../services/dispatch/destinations/tiktok/index.ts'
import { parseProfile } from '../../../../services/dispatch/destinations/tiktok/profile.ts'
import { signal } from '../../../support/builders.ts'

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

  it('writes an outcome under the name of its event, its value with the same digits', () => {
    const purchase = { kind: 'outcome' as const, event: 'Purchase', value: '149000.50', currency: 'IDR' }
    const body = call('9', [signal({ ...purchase, trackingId: 'click-1', occurredAt: at })])
    expect(body).toContain('"value":149000.50,"currency":"IDR"')
    expect(JSON.parse(body).data[0]).toEqual({
      event: 'Purchase',
      event_id: '5e'.repeat(16),
      event_time: Math.floor(at / 1000),
      user: { ttclid: 'click-1' },
      properties: { value: 149000.5, currency: 'IDR' },
    })
  })

  it.each(['0', '0.000001', '999999999999999.999999', '7.10'])('keeps the digits of %s', (value) => {
    const body = call('9', [signal({ kind: 'outcome', event: 'Purchase', value, currency: 'USD' })])
    expect(body).toContain(`"value":${value},`)
  })

  it('writes an outcome without a value', () => {
    const [event] = JSON.parse(call('9', [signal({ kind: 'outcome', event: 'QualifiedLead' })])).data
    expect(event).toMatchObject({ event: 'QualifiedLead', properties: {} })
    expect(event.properties).toEqual({})
  })

  it('omits an empty tracking id, as an absent one', () => {
    expect(JSON.parse(call('9', [signal({ trackingId: '' })])).data[0].user).toEqual({})
  })

  it('writes nothing else of the message', () => {
    const event = JSON.parse(call('9', [signal({ keywordListVersion: 3, channel: 'telegram' })])).data[0]
    expect(Object.keys(event)).toEqual(['event', 'event_id', 'event_time', 'user', 'properties'])
  })

  it('does not carry one signal into the next', () => {
    const both = JSON.parse(call('9', [signal({ kind: 'keyword', flags: ['payment'] }), signal({ kind: 'keyword' })]))
    expect(both.data[1].properties).toEqual({})
  })
})

describe('choosing a profile', () => {
  it.each([local, 'http://localhost:1', 'http://[::1]:1', 'http://127.9.9.9', 'http://0x7f.1', 'https://LOCALHOST'])(
    'takes the simulator’s for %s',
    (url) => expect(loadProfile(undefined, url).name).toBe('simulator-1'),
  )

  it.each([
    real,
    'http://127.0.0.1.example.com',
    'http://10.0.0.1',
    'http://localhost.example',
    'http://tiktok.localhost',
    'http://127.0.0.1@example.com',
    'http://localhost:80@example.com',
    'http://example.com#@127.0.0.1',
    'http://example.com/?127.0.0.1',
    'http://[::ffff:a00:1]',
    'http://0.0.0.0',
  ])('has no default for %s', (url) =>
    expect(() => loadProfile(undefined, url)).toThrow(/TIKTOK_WIRE_PROFILE is not set/),
  )

  it('refuses the simulator’s for a real host', () => {
    expect(() => loadProfile('simulator-1', real)).toThrow(/refused for any other host/)
  })

  it.each(['simulator-2', '../../x', 'nowhere.json'])('refuses a profile that does not exist: %s', (name) => {
    expect(() => loadProfile(name, local)).toThrow(/TIKTOK_WIRE_PROFILE/)
  })
})

describe('a custom profile', () => {
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
  const parse = (change: object) => parseProfile(JSON.stringify({ ...document, ...change }))
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

  it('puts flags and tracking id at its paths', () => {
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

  it('hashes fields that TikTok takes only hashed, in the form that it documents', () => {
    const encode = eventEncoder(
      parse({
        trackingId: { at: 'user.external_id', hash: 'sha256' },
        constants: [
          { at: 'user.email', value: ' Shop@Example.com ', hash: 'email' },
          { at: 'user.phone', value: '+49 (151) 234-5678', hash: 'phone' },
          { at: 'user.locale', value: 'es' },
        ],
      }),
    )
    expect(encode(signal({ trackingId: 'Click-1' })).user).toEqual({
      external_id: sha256('Click-1'),
      email: sha256('shop@example.com'),
      phone: sha256('+491512345678'),
      locale: 'es',
    })
  })

  it('puts partner name and test code beside the events', () => {
    const body = JSON.parse(callEncoder(parse({ partnerName: 'Partner', testEventCode: 'TEST1' }))('9', [signal()]))
    expect(Object.keys(body)).toEqual(['event_source', 'event_source_id', 'partner_name', 'test_event_code', 'data'])
  })

  it('makes an event of each flag, with an id that depends on nothing but the signal and the flag', () => {
    const profile = parse({ flags: { encoding: 'event_per_flag', eventNames: { payment: 'Paid' } } })
    const parts = partsOf(profile) as NonNullable<ReturnType<typeof partsOf>>
    const encode = eventEncoder(profile)
    const both = parts(signal({ kind: 'keyword', flags: ['payment', 'booking'] }))
    const [paid, booked] = both.map(encode)
    expect(paid).toMatchObject({ event: 'Paid', properties: { via: 'chat' } })
    expect(booked).toMatchObject({ event: 'Word', properties: { via: 'chat', booking: true } })
    expect(new Set([signal().signalId, ...both.map(({ signalId }) => signalId)]).size).toBe(3)
    for (const { signalId } of both) expect(signalId).toMatch(/^[0-9a-f]{32}$/)
    // A list that finds one flag less makes the same event of the other.
    expect(parts(signal({ kind: 'keyword', flags: ['booking'] }))).toEqual([both[1]])
    expect(parts(signal())).toEqual([signal()])
  })

  it('is one event per signal otherwise', () => expect(partsOf(parse({}))).toBeUndefined())

  it.each<[string, object, RegExp]>([
    ['an event without a name', { events: { ...document.events, order: { name: '' } } }, /events\.order\.name/],
    ['a kind left out', { events: { conversation: { name: 'Talk' } } }, /events\.keyword/],
    ['an unknown field', { flag: 1 }, /flag/],
    ['an invalid path', { trackingId: 'a.b.c' }, /trackingId/],
    ['a path that the encoder writes', { trackingId: 'event_id' }, /trackingId: event_id is a field/],
    ['one path for two', { constants: [{ at: 'click', value: 1 }] }, /constants\.0\.at: click is taken by trackingId/],
    [
      'a path inside another',
      { trackingId: 'user', constants: [{ at: 'user.locale', value: 'es' }] },
      /trackingId: user must be free/,
    ],
    ['an id in the clear', { trackingId: 'user.external_id' }, /trackingId\.hash/],
    ['an address in the clear', { constants: [{ at: 'user.email', value: 'a@b.c' }] }, /constants\.0\.hash/],
    [
      'a phone number that is none',
      { constants: [{ at: 'user.phone', value: '0151', hash: 'phone' }] },
      /constants\.0\.value: must be a phone/,
    ],
    ['nested flags without a nest', { flags: { encoding: 'nested', at: 'properties' } }, /flags\.at/],
    ['flat flags in a nest', { flags: { encoding: 'properties', at: 'properties.x' } }, /flags\.at/],
    ['an encoding that is none', { flags: { encoding: 'list' } }, /flags\.encoding/],
    ['names of events that are not made', { flags: { eventNames: { payment: 'Paid' } } }, /flags\.eventNames/],
    ['a property where the flags go', { flags: { at: 'properties.via' } }, /events\.keyword\.properties\.via/],
  ])('is refused for %s', (_name, change, message) => expect(() => parse(change)).toThrow(message))

  it('never quotes a value that may be personal', () => {
    expect(() => parse({ constants: [{ at: 'user.email', value: 'anna at home', hash: 'email' }] })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('anna') }),
    )
  })
})
