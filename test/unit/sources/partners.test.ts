import { messageEvent } from '../../support/builders.ts'
import { deliveryOf, mapped, sourceNamed } from '../../support/deliveries.ts'
import {
  examplePartner,
  haravan,
  haravanHeaders,
  pancake,
  qiscus,
  respondio,
  seconds,
  zwiz,
} from '../../support/partner-bodies.ts'

const only = (name: string, body: object, fields: object = {}) => {
  const { events, ignored, failed } = mapped(name, body, fields)
  expect({ count: events.length, ignored, failed }).toEqual({ count: 1, ignored: [], failed: [] })
  return events[0]
}

describe('the Qiscus mapping', () => {
  it('gives two files of one second two ids where they bring none', () => {
    const idOf = (file: string) =>
      only(
        'qiscus',
        qiscus({
          id: 0,
          unique_temp_id: '',
          type: 'file_attachment',
          text: '',
          payload: { url: `https://x.example/${file}` },
        }),
      )?.messageId
    expect(idOf('a.jpg')).toMatch(/^derived:/)
    expect(idOf('a.jpg')).toBe(idOf('a.jpg'))
    expect(idOf('b.jpg')).not.toBe(idOf('a.jpg'))
  })

  it.each<[string, object, object]>([
    [
      'a text',
      qiscus(),
      {
        accountId: 'app-1',
        channel: 'whatsapp',
        conversationId: '77',
        messageId: 'wa_wamid.q1',
        channelMessageId: 'wamid.q1',
        text: 'halo',
        direction: 'inbound',
      },
    ],
    [
      'a file by its ending, with its caption and not the fallback text',
      qiscus({
        type: 'file_attachment',
        text: '[file] x [/file]',
        payload: '{"url":"https://x.example/A.MP4?s=1","caption":"ini"}',
      }),
      { attachments: ['video'], text: 'ini', textOrigin: 'caption' },
    ],
    [
      'a file without a caption',
      qiscus({ type: 'file_attachment', text: '[file] x [/file]', payload: { url: 'https://x.example/a.pdf' } }),
      { attachments: ['document'], text: null },
    ],
    [
      'a tapped button',
      qiscus({ type: 'button_postback_response', payload: { text: 'Ya', payload: 'YES' } }),
      { text: 'Ya', textOrigin: 'button' },
    ],
    [
      'the business’s own message',
      qiscus({}, {}, { email: 'app-1_admin@qismo.com' }),
      { direction: 'outbound', sender: 'unknown' },
    ],
    [
      'the app behind a custom channel as other',
      { ...qiscus(), channel: { source: 'custom_channel' } },
      { channel: 'other' },
    ],
  ])('reads %s', (_name, body, expected) => expect(only('qiscus', body)).toMatchObject(expected))

  it('derives an id where every id is zero, the same for the same item', () => {
    const body = qiscus({ unique_temp_id: '', id: 0, timestamp: '2026-01-01T00:00:00Z' })
    const id = only('qiscus', body)?.messageId
    expect(id).toMatch(/^derived:[0-9a-f]{32}$/)
    expect(only('qiscus', body)?.messageId).toBe(id)
    expect(only('qiscus', qiscus({ unique_temp_id: '', text: 'lain' }))?.messageId).not.toBe(id)
  })

  it('ignores a conversation that is closed or assigned', () => {
    expect(mapped('qiscus', { service: { room_id: '1' }, resolved_by: { id: 1 } }).ignored).toEqual(['handover'])
    expect(mapped('qiscus', { app_id: 'a', candidate_agent: { id: 1 } }).ignored).toEqual(['handover'])
  })
})

describe('the Respond.io mapping', () => {
  it.each<[string, object, object]>([
    [
      'a text',
      respondio(),
      {
        accountId: 'account-1',
        channel: 'whatsapp',
        conversationId: '5:9',
        messageId: '1786723200000000',
        channelMessageId: 'wamid.r1',
        occurredAt: seconds * 1000,
      },
    ],
    ['a time in seconds', respondio({}, {}, { timestamp: seconds }), { occurredAt: seconds * 1000 }],
    [
      'what was written with an order',
      respondio({ type: 'whatsapp_order', text: undefined, order: { text: 'por favor' } }),
      { attachments: ['order'], text: 'por favor', textOrigin: 'typed' },
    ],
    [
      'a template by its body',
      respondio(
        {
          type: 'whatsapp_template',
          text: undefined,
          template: { components: [{ type: 'body', text: 'Hola {{1}}' }] },
        },
        { event_type: 'message.sent', sender: { source: 'broadcast' } },
      ),
      { attachments: [], text: 'Hola {{1}}', textOrigin: 'template' },
    ],
    [
      'a template without one',
      respondio({ type: 'whatsapp_template', text: undefined, template: { name: 't' } }),
      { attachments: ['other'], text: null },
    ],
    [
      'what is made for one channel only',
      respondio({ type: 'custom_payload', text: undefined, payload: {} }),
      { attachments: ['other'], text: null },
    ],
    [
      'a tapped button',
      respondio({ type: 'whatsapp_interactive', text: undefined, interactive: { list_reply: { title: 'Talla M' } } }),
      { text: 'Talla M', textOrigin: 'button', attachments: [] },
    ],
    [
      'a file',
      respondio({ type: 'attachment', text: undefined, attachment: { type: 'file', mimeType: 'application/pdf' } }),
      { attachments: ['document'], text: null },
    ],
    [
      'a workflow’s message',
      respondio({}, { event_type: 'message.sent', sender: { source: 'workflow' } }),
      { direction: 'outbound', sender: 'bot', textOrigin: 'automatic' },
    ],
    [
      'an agent’s message',
      respondio({}, { event_type: 'message.sent', sender: { source: 'user' } }),
      { direction: 'outbound', sender: 'agent', textOrigin: 'typed' },
    ],
    [
      'a conversation that an ad opened as a referral',
      {
        event_type: 'conversation.opened',
        contact: { id: 5 },
        conversation: { source: 'ctc_ads', conversationOpenedAt: seconds, firstIncomingMessageChannelId: 9 },
      },
      { kind: 'referral', conversationId: '5:9', occurredAt: seconds * 1000, referral: { source: 'other' } },
    ],
  ])('reads %s', (_name, body, expected) => expect(only('respondio', body)).toMatchObject(expected))

  it.each([
    ['comment.created', 'internal_note'],
    ['conversation.closed', 'handover'],
    ['conversation.opened', 'handover'],
    ['contact.updated', 'contact'],
    ['call.ended', 'call'],
    ['something.new', 'unknown'],
  ])('ignores %s as %s', (event, reason) =>
    expect(mapped('respondio', { event_type: event, contact: { id: 1 } }).ignored).toEqual([reason]),
  )
})

describe('the Pancake mapping', () => {
  it.each<[string, object, object]>([
    [
      'a text',
      pancake(),
      {
        accountId: '1001',
        channel: 'messenger',
        conversationId: '1001_2002',
        messageId: 'm_1',
        kind: 'message',
        occurredAt: seconds * 1000,
        text: 'giá bao nhiêu?',
      },
    ],
    [
      'HTML where there is no plain text',
      pancake({ original_message: '', message: '<p>a &amp; b</p>' }),
      { text: 'a & b' },
    ],
    [
      'the page’s own message',
      pancake({ from: { id: '1001', admin_name: 'Lan' } }),
      { direction: 'outbound', sender: 'agent' },
    ],
    [
      'the card of an ad as the person’s act',
      pancake({
        from: { id: '1001' },
        original_message: '',
        message: '',
        attachments: [{ type: 'ad_click', ad_id: '23' }],
      }),
      { kind: 'referral', direction: 'inbound', sender: 'user', referral: { source: 'meta_ad', adId: '23' } },
    ],
    [
      'an edit by what it says now',
      pancake({ edit_history: [{ message: 'x' }] }),
      { kind: 'edit', messageId: 'm_1', text: 'giá bao nhiêu?', revision: expect.stringMatching(/^[0-9a-f]{32}$/) },
    ],
    ['a removal', pancake({ is_removed: true }), { kind: 'deletion', text: null, timeSource: 'received' }],
    ['a TikTok page', pancake({}, { page_id: 'ttm_7' }), { channel: 'tiktok', accountId: 'ttm_7' }],
    ['a WhatsApp page', pancake({}, { page_id: 'waba_7' }), { channel: 'whatsapp' }],
  ])('reads %s', (_name, body, expected) => expect(only('pancake', body)).toMatchObject(expected))

  it('ignores public comments and posts', () => {
    expect(mapped('pancake', pancake({ type: 'COMMENT' })).ignored).toEqual(['comment'])
    expect(mapped('pancake', { event_type: 'post', page_id: '1', data: {} }).ignored).toEqual(['comment'])
    expect(mapped('pancake', { event_type: 'subscription' }).ignored).toEqual(['account'])
  })
})

describe('the Haravan mapping', () => {
  it('reads an order and the click that its landing page carries', () => {
    expect(only('haravan', haravan(), { headers: haravanHeaders })).toMatchObject({
      accountId: '900',
      channel: 'commerce',
      kind: 'order',
      conversationId: 'order:4711',
      messageId: '4711',
      links: ['/products/a?ttclid=E.C.P.x&utm_source=tiktok', 'https://www.tiktok.com/'],
      referral: { source: 'tiktok_ad', clickId: 'E.C.P.x' },
    })
  })

  it('gives an update of the order another revision and nothing else of its own', () => {
    const first = only('haravan', haravan(), { headers: haravanHeaders })
    const updated = only('haravan', haravan({ updated_at: '2026-01-02T00:00:00Z' }), {
      headers: { ...haravanHeaders, 'x-haravan-topic': 'orders/updated' },
    })
    expect({ ...updated, revision: first?.revision }).toEqual(first)
    expect(updated?.revision).not.toBe(first?.revision)
  })

  it('finds the click among the notes where the landing page has none', () => {
    const body = haravan({ landing_site: '/', note_attributes: [{ name: 'ttclid', value: 'N.1' }] })
    expect(only('haravan', body, { headers: haravanHeaders })?.referral).toMatchObject({ clickId: 'N.1' })
  })

  it('ignores everything that is no order', () => {
    const topic = (name: string) => mapped('haravan', {}, { headers: { 'x-haravan-topic': name } }).ignored
    expect(topic('app_subscriptions/update')).toEqual(['account'])
    expect(topic('customers/create')).toEqual(['contact'])
    expect(topic('products/update')).toEqual(['unknown'])
  })
})

describe('the Zwiz mapping', () => {
  it.each<[string, object, object]>([
    ['a text', zwiz(), { channel: 'line', conversationId: 'page-1:u-1', text: 'สวัสดี', textOrigin: 'typed' }],
    [
      'a picture',
      zwiz({ type: 'IMAGE' }, { channel: 'IG' }),
      { channel: 'instagram', attachments: ['image'], textOrigin: 'caption' },
    ],
    ['a kind that nobody described', zwiz({ type: 'HOLOGRAM', text: '' }), { attachments: ['other'] }],
  ])('reads %s', (_name, body, expected) => expect(only('zwiz', body)).toMatchObject(expected))
})

describe('the address of Halosis', () => {
  it('takes message events as they are: one, a list, or a list under events', () => {
    const event = messageEvent({ source: 'halosis' })
    for (const body of [event, [event], { events: [event] }]) expect(mapped('halosis', body).events).toEqual([event])
  })

  it('counts what is no event in a list', () => {
    const event = messageEvent({ source: 'halosis' })
    for (const body of [[null, event, 7], { events: [null, event, 7] }])
      expect(mapped('halosis', body)).toEqual({ events: [event], ignored: ['unknown', 'unknown'], failed: [] })
  })

  it('fails an event that is none with the field, and passes its neighbours', () => {
    const { events, failed } = mapped('halosis', { events: [{ ...messageEvent(), channel: 'pigeon' }, messageEvent()] })
    expect(events).toHaveLength(1)
    expect(failed).toEqual([{ rule: 'events', reason: expect.stringMatching(/^channel: /) }])
  })
})

describe('the worked example', () => {
  it('reads what the guide says it reads', () => {
    const { events, ignored } = mapped(
      'example-partner',
      examplePartner(
        { type: 'ad_open', uid: '0', from: 'page-1', body: '{"link":"https://a.example/?ad=1&ttclid=T"}' },
        { body: { text: '<b>hi</b>', media: [{ k: 'pic' }] } },
        { from: 'page-1', body: '{"text":"yes","actor":"auto"}' },
        { type: 'seen' },
        { type: 'comet' },
      ),
    )
    expect(ignored).toEqual(['read', 'unknown'])
    expect(events).toMatchObject([
      {
        kind: 'referral',
        direction: 'inbound',
        sender: 'user',
        referral: { source: 'tiktok_ad', adId: '1', clickId: 'T' },
      },
      { kind: 'message', text: 'hi', attachments: ['image'], channel: 'messenger', conversationId: 'page-1:t' },
      { direction: 'outbound', sender: 'bot', textOrigin: 'automatic' },
    ])
  })
})

describe('a source that signs nothing', () => {
  it.each(['blip', 'qiscus', 'zwiz', 'halosis', 'example-partner', 'pancake'])('%s proves itself by a key', (name) => {
    const verify = (headers: Record<string, string>) =>
      sourceNamed(name).verify(deliveryOf(name, {}, { headers }), ['k'], { now: 0 })
    expect(verify({ 'x-signals-key': 'k' })).toBe('ok')
    expect(verify({ 'x-signals-key': 'other' })).toBe('wrong')
    expect(verify({})).toBe('missing')
  })
})
