import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { tiktokReferral, tiktokText, whatsappText } from '../../../services/demo/webhooks.ts'
import { messageEventSchema } from '../../../services/model/message-event.ts'
import {
  DeliveryUnreadable,
  loadSources,
  MappingInvalid,
  parseMapping,
  type RawDelivery,
} from '../../../services/sources/index.ts'
import { noon } from '../../support/builders.ts'

const sources = loadSources()
const source = (name: string) => {
  const found = sources.get(name)
  if (!found) throw new Error(`no mapping ${name}`)
  return found
}
const delivery = (name: string, body: string | object, fields: Partial<RawDelivery> = {}): RawDelivery => ({
  source: name,
  account: null,
  headers: {},
  contentType: 'application/json',
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  receivedAt: noon,
  ...fields,
})
const map = (name: string, body: string | object) => source(name).map(delivery(name, body))

const seconds = Math.floor(noon / 1000)
const change = (value: object, field = 'messages') => ({
  object: 'whatsapp_business_account',
  entry: [
    {
      id: '1',
      changes: [
        { field, value: { metadata: { display_phone_number: '15550001111', phone_number_id: '42' }, ...value } },
      ],
    },
  ],
})
const received = (...messages: object[]) =>
  change({ messages: messages.map((message) => ({ from: '5215550001', timestamp: String(seconds), ...message })) })

describe('the WhatsApp mapping', () => {
  it('reads a text', () => {
    const { events, ignored, failed } = map(
      'whatsapp',
      received({ id: 'wamid.1', type: 'text', text: { body: 'hola' } }),
    )
    expect({ events, ignored, failed }).toEqual({
      events: [
        {
          source: 'whatsapp',
          accountId: '42',
          channel: 'whatsapp',
          conversationId: '42:5215550001',
          messageId: 'wamid.1',
          kind: 'message',
          direction: 'inbound',
          sender: 'user',
          occurredAt: seconds * 1000,
          timeSource: 'event',
          text: 'hola',
          textOrigin: 'typed',
          links: [],
          attachments: [],
          referral: null,
          channelMessageId: null,
          revision: null,
          aliases: [],
          backfill: false,
        },
      ],
      ignored: [],
      failed: [],
    })
  })

  it.each<[string, object, object]>([
    [
      'a caption',
      { type: 'image', image: { caption: 'esto' } },
      { text: 'esto', textOrigin: 'caption', attachments: ['image'] },
    ],
    [
      'a tapped button',
      { type: 'button', button: { text: 'Sí', payload: 'YES' } },
      { text: 'Sí', textOrigin: 'button', attachments: [] },
    ],
    [
      'a list choice',
      { type: 'interactive', interactive: { type: 'list_reply', list_reply: { id: 'x', title: 'Rojo' } } },
      { text: 'Rojo', textOrigin: 'button' },
    ],
    [
      'a submitted form',
      { type: 'interactive', interactive: { nfm_reply: { response_json: '{"a":1}' } } },
      { text: '{"a":1}', textOrigin: 'form' },
    ],
    ['an unknown type', { type: 'hologram' }, { text: null, attachments: ['other'] }],
    ['a voice message', { type: 'audio', audio: { id: '1' } }, { text: null, attachments: ['audio'] }],
    [
      'an ad of Meta',
      {
        type: 'text',
        text: { body: 'x' },
        referral: { source_type: 'ad', source_id: '6', ctwa_clid: 'A', source_url: 'https://fb.me/x' },
      },
      {
        referral: { source: 'meta_ad', ref: null, adId: '6', advertiserId: null, clickId: 'A', url: 'https://fb.me/x' },
      },
    ],
    [
      'an unreadable time',
      { type: 'text', text: { body: 'x' }, timestamp: 'soon' },
      { timeSource: 'received', occurredAt: noon },
    ],
    [
      'a business-scoped id beside the number',
      { type: 'text', text: { body: 'x' }, from_user_id: 'MX.9' },
      { aliases: ['42:MX.9'] },
    ],
    [
      'an edit',
      { type: 'edit', edit: { original_message_id: 'wamid.0', message: { type: 'text', text: { body: 'y' } } } },
      { kind: 'edit', messageId: 'wamid.0', revision: 'wamid.x', text: 'y' },
    ],
    [
      'a revoke',
      { type: 'revoke', revoke: { original_message_id: 'wamid.0' } },
      { kind: 'deletion', messageId: 'wamid.0', text: null },
    ],
  ])('reads %s', (_name, message, expected) => {
    expect(map('whatsapp', received({ id: 'wamid.x', ...message })).events).toEqual([expect.objectContaining(expected)])
  })

  it.each<[string, object, string]>([
    ['a status', change({ statuses: [{ id: '1', status: 'read' }] }), 'status'],
    ['a reaction', received({ id: '1', type: 'reaction', reaction: { emoji: 'x' } }), 'reaction'],
    ['a changed number', received({ id: '1', type: 'system', system: {} }), 'system'],
    ['a call', change({ calls: [{}] }, 'calls'), 'call'],
    ['a template’s fate', change({ event: 'APPROVED' }, 'message_template_status_update'), 'template'],
    ['a field that nobody knows', change({}, 'telepathy'), 'unknown'],
    ['a delivery without items', { object: 'whatsapp_business_account', entry: [] }, 'empty'],
    ['a text without words', received({ id: '1', type: 'text', text: { body: '' } }), 'empty'],
  ])('ignores %s', (_name, body, reason) => {
    expect(map('whatsapp', body)).toEqual({ events: [], ignored: [reason], failed: [] })
  })

  it('ignores a message without a person, and only that one', () => {
    const { events, ignored } = map(
      'whatsapp',
      received(
        { id: '1', from: '', type: 'text', text: { body: 'x' } },
        { id: '2', type: 'text', text: { body: 'y' } },
      ),
    )
    expect(events.map(({ messageId }) => messageId)).toEqual(['2'])
    expect(ignored).toEqual(['unknown'])
  })

  it('fails an item that is no message at all, and only that one', () => {
    const body = change({ messages: ['x', { id: '2', from: '1', timestamp: '1', type: 'text', text: { body: 'y' } }] })
    const { events, failed } = map('whatsapp', body)
    expect(events.map(({ messageId }) => messageId)).toEqual(['2'])
    expect(failed).toEqual([{ rule: 'message', reason: 'it names no person' }])
  })

  it('reads the flat form that Twilio posts', () => {
    const form = new URLSearchParams({
      MessageSid: 'SM1',
      WaId: '521',
      To: 'whatsapp:+1555',
      Body: 'hola',
      NumMedia: '0',
      ReferralSourceId: '9',
      ReferralSourceType: 'ad',
      ReferralCtwaClid: '',
    })
    const raw = delivery('whatsapp', form.toString(), {
      account: 'shop',
      contentType: 'application/x-www-form-urlencoded',
    })
    expect(source('whatsapp').map(raw).events).toEqual([
      expect.objectContaining({
        accountId: 'shop',
        conversationId: 'shop:521',
        messageId: 'SM1',
        text: 'hola',
        timeSource: 'received',
        referral: expect.objectContaining({ source: 'meta_ad', adId: '9', clickId: null }),
      }),
    ])
  })

  it('gives an item without an id the same id every time, and another item another', () => {
    const ids = ['x', 'x', 'y'].map(
      (body) => map('whatsapp', received({ id: '', type: 'text', text: { body } })).events[0]?.messageId,
    )
    expect(ids[0]).toMatch(/^derived:[0-9a-f]{32}$/)
    expect(ids[1]).toBe(ids[0])
    expect(ids[2]).not.toBe(ids[0])
  })
})

describe('the TikTok mapping', () => {
  it('reads a referral that comes by itself', () => {
    const { body } = tiktokReferral('conv+1==', '1780000000000000001', noon)
    expect(map('tiktok', body).events).toEqual([
      expect.objectContaining({
        kind: 'referral',
        conversationId: 'conv+1==',
        messageId: expect.stringMatching(/^derived:/),
        text: null,
        referral: {
          source: 'tiktok_ad',
          ref: null,
          adId: '1780000000000000001',
          advertiserId: '7',
          clickId: null,
          url: null,
        },
      }),
    ])
  })

  it('keeps ids that a double cannot hold', () => {
    const content =
      '{"conversation_id": 7345678901234567890, "message_id": 1, "timestamp": 1795436400000, "type": "text", "text": {"body": "x"}}'
    const [event] = map('tiktok', { event: 'im_receive_msg', user_openid: 'b', content }).events
    expect(event?.conversationId).toBe('7345678901234567890')
  })

  it.each(['not json', '[]', '"x"', '{}', 'null', '{"event":1,"content":"{}"}'])(
    'refuses a body that is no delivery: %s',
    (body) => {
      expect(() => map('tiktok', body)).toThrow(DeliveryUnreadable)
    },
  )
})

describe('signatures', () => {
  const { body, headers } = whatsappText('1', 'wamid.1', 'hola', noon)
  const signed = (fields: Partial<RawDelivery> = {}) => delivery('whatsapp', body, { headers, ...fields })
  const secrets = ['whatsapp app secret']
  const verify = (raw: RawDelivery, keys: readonly string[] = secrets, now = noon) =>
    source(raw.source).verify(raw, keys, { now })

  it('hold over the raw bytes, with any of several secrets', () => {
    expect(verify(signed())).toBe('ok')
    expect(verify(signed(), ['old', ...secrets])).toBe('ok')
  })

  it.each<[string, RawDelivery, string]>([
    ['no header', signed({ headers: {} }), 'missing'],
    ['another body', signed({ body: Buffer.from(`${body} `) }), 'wrong'],
    ['a header without its prefix', signed({ headers: { 'x-hub-signature-256': 'x' } }), 'wrong'],
    ['a header that is no hex', signed({ headers: { 'x-hub-signature-256': 'sha256=zz' } }), 'wrong'],
  ])('do not hold with %s', (_name, raw, verdict) => expect(verify(raw)).toBe(verdict))

  it('do not hold with another secret', () => expect(verify(signed(), ['other'])).toBe('wrong'))

  it('of TikTok must be fresh, both ways, whatever the order of their parts', () => {
    const request = tiktokText('c', 'm', 'x', noon)
    const t = Math.floor(noon / 1000)
    const s = createHmac('sha256', 'k').update(`${t}.${request.body}`).digest('hex')
    const raw = (header: string) => delivery('tiktok', request.body, { headers: { 'tiktok-signature': header } })
    expect(verify(raw(`t=${t},s=${s}`), ['k'])).toBe('ok')
    expect(verify(raw(`s=${s}, t=${t}`), ['k'])).toBe('ok')
    for (const off of [-301_000, 301_000]) expect(verify(raw(`t=${t},s=${s}`), ['k'], noon + off)).toBe('wrong')
  })
})

describe('the accounts of a body', () => {
  it('are found before anything is trusted', () => {
    expect(source('whatsapp').accountsOf(delivery('whatsapp', received({ id: '1' })))).toEqual(['42'])
    expect(source('tiktok').accountsOf(delivery('tiktok', '{"user_openid":"b"}'))).toEqual(['b'])
    expect(source('tiktok').accountsOf(delivery('tiktok', 'broken'))).toEqual([])
  })
})

describe('no body, however broken,', () => {
  const valid = received({ id: 'wamid.good', type: 'text', text: { body: 'ok' } })
  const within = (work: () => void) => {
    const started = performance.now()
    work()
    expect(performance.now() - started).toBeLessThan(1_000)
  }
  const unreadableOr = (name: string, body: string) => {
    try {
      return map(name, body)
    } catch (error) {
      if (!(error instanceof DeliveryUnreadable)) throw error
      return null
    }
  }

  it.each(sources.names())('makes the %s mapping throw anything but its refusal', (name) => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((value) => JSON.stringify({ event: 'im_receive_msg', content: value, entry: value })),
        ),
        (body) => {
          unreadableOr(name, body)
        },
      ),
    )
  })

  it('loses its neighbours', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (bad) => {
        const body = structuredClone(valid) as unknown as { entry: { changes: { value: { messages: unknown[] } }[] }[] }
        body.entry[0]?.changes[0]?.value.messages.unshift(bad)
        body.entry.unshift(bad as never)
        const result = unreadableOr('whatsapp', JSON.stringify(body))
        expect(result?.events.some(({ messageId }) => messageId === 'wamid.good')).toBe(true)
      }),
    )
  })

  it.each<[string, string]>([
    ['nested 10,000 deep', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    [
      'with prototype keys',
      '{"event":"im_receive_msg","content":{"__proto__":{"type":"text"},"constructor":{"prototype":{"x":1}},"conversation_id":"c"}}',
    ],
    [
      'with huge numbers',
      '{"entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":1e999},"messages":[{"id":1e308,"from":-1e400,"timestamp":1e999}]}}]}]}',
    ],
    [
      'with lone surrogates',
      '{"entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"1"},"messages":[{"id":"\\ud800","from":"\\udfff","type":"text","text":{"body":"\\ud83d"}}]}}]}]}',
    ],
    ['with the same key twice', '{"entry":1,"entry":[]}'],
    [
      'with many items',
      JSON.stringify({ entry: [{ changes: [{ field: 'messages', value: { statuses: Array(5_000).fill({}) } }] }] }),
    ],
  ])('%s, hangs a mapping', (_name, body) => {
    within(() => {
      for (const name of sources.names()) unreadableOr(name, body)
    })
    expect(({} as { type?: string }).type).toBeUndefined()
  })

  it('yields an event that breaks the contract', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('id', 'from', 'type', 'text', 'timestamp', 'image', 'referral'), fc.jsonValue()),
        (message) => {
          const { events } = map('whatsapp', change({ messages: [message] }))
          for (const event of events) expect(messageEventSchema.safeParse(event).success).toBe(true)
        },
      ),
    )
  })
})

describe('a mapping of one’s own', () => {
  const own = `
source: example
version: 1
recognise: { value: body.items, is: list }
rules:
  - each: { item: 'body.items[]' }
    event:
      accountId: body.page
      channel: other
      conversationId: { template: '{body.page}:{item.from}' }
      messageId: item.id
      kind: message
      direction: inbound
      sender: user
      time: [{ of: item.sent, unit: s }]
      text: [{ of: item.html, origin: typed, html: true }]
`
  it('says what a source means without a line of code', () => {
    const body = { page: 'p', items: [{ id: 7, from: 'u', sent: seconds, html: '<p>Ada &amp; <b>siap</b></p>' }] }
    expect(parseMapping(own, 'own.yaml').map(delivery('example', body)).events).toEqual([
      expect.objectContaining({
        source: 'example',
        conversationId: 'p:u',
        messageId: '7',
        text: 'Ada & siap',
        occurredAt: seconds * 1000,
      }),
    ])
  })

  it.each<[string, string, RegExp]>([
    ['no YAML', 'a: [', /^own\.yaml:1: is not YAML/],
    ['a missing part', 'source: x\nversion: 1\n', /own\.yaml:1: recognise is missing/],
    [
      'a misspelt field',
      own.replace('sender:', 'sendr:'),
      /own\.yaml:\d+: rules\.0\.event has no sendr; it takes .*sender/,
    ],
    [
      'a channel that is none',
      own.replace('channel: other', 'channel: pigeon'),
      /own\.yaml:9: rules\.0\.event\.channel must be one of tiktok/,
    ],
  ])('is refused with the place of the error: %s', (_name, text, expected) => {
    expect(() => parseMapping(text, 'own.yaml')).toThrow(MappingInvalid)
    expect(() => parseMapping(text, 'own.yaml')).toThrow(expected)
  })
})
