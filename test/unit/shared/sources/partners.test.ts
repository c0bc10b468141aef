import { messageEvent } from '../../../support/builders.ts'
import { deliveryOf, mapped, sourceNamed, theOnly } from '../../../support/deliveries.ts'
import { examplePartner, haravan, haravanHeaders, pancake, seconds, zwiz } from '../../../support/partner-bodies.ts'

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
      'letters that HTML names',
      pancake({
        original_message: '',
        message: '<div>&iquest;Cu&aacute;nto&nbsp;cuesta?</div><div>&lt;10 &euro;</div>',
      }),
      { text: '¿Cuánto cuesta?\n<10 €' },
    ],
    [
      'all links',
      pancake({
        attachments: [
          { type: 'link', url: 'https://a.example' },
          { type: 'photo', url: 'https://cdn.example' },
          { type: 'link', url: 'https://b.example' },
        ],
      }),
      { links: ['https://a.example', 'https://b.example'], attachments: ['link', 'image', 'link'] },
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
  ])('reads %s', (_name, body, expected) => expect(theOnly('pancake', body)).toMatchObject(expected))

  it('ignores public comments and posts', () => {
    expect(mapped('pancake', pancake({ type: 'COMMENT' })).ignored).toEqual(['comment'])
    expect(mapped('pancake', { event_type: 'post', page_id: '1', data: {} }).ignored).toEqual(['comment'])
    expect(mapped('pancake', { event_type: 'subscription' }).ignored).toEqual(['account'])
  })
})

describe('the Haravan mapping', () => {
  it('reads an order and the click that its landing page carries', () => {
    expect(theOnly('haravan', haravan(), { headers: haravanHeaders })).toMatchObject({
      accountId: '900',
      channel: 'commerce',
      kind: 'order',
      conversationId: 'order:4711',
      messageId: '4711',
      links: ['/products/a?ttclid=E.C.P.x&utm_source=tiktok', 'https://www.tiktok.com/'],
      referral: { source: 'tiktok_ad', clickId: 'E.C.P.x' },
    })
  })

  it('changes only the revision with an update of the order', () => {
    const first = theOnly('haravan', haravan(), { headers: haravanHeaders })
    const updated = theOnly('haravan', haravan({ updated_at: '2026-01-02T00:00:00Z' }), {
      headers: { ...haravanHeaders, 'x-haravan-topic': 'orders/updated' },
    })
    expect({ ...updated, revision: first?.revision }).toEqual(first)
    expect(updated?.revision).not.toBe(first?.revision)
  })

  it('finds the click among the notes where the landing page has none', () => {
    const body = haravan({ landing_site: '/', note_attributes: [{ name: 'ttclid', value: 'N.1' }] })
    expect(theOnly('haravan', body, { headers: haravanHeaders })?.referral).toMatchObject({ clickId: 'N.1' })
  })

  it('ignores everything except orders', () => {
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
    ['an undocumented kind', zwiz({ type: 'HOLOGRAM', text: '' }), { attachments: ['other'] }],
  ])('reads %s', (_name, body, expected) => expect(theOnly('zwiz', body)).toMatchObject(expected))
})

describe('the address of Halosis', () => {
  it('accepts message events: one, a list, or a list under events', () => {
    const event = messageEvent({ source: 'halosis' })
    for (const body of [event, [event], { events: [event] }]) expect(mapped('halosis', body).events).toEqual([event])
  })

  it('ignores an element of a list that is not an event', () => {
    const event = messageEvent({ source: 'halosis' })
    for (const body of [[null, event, 7], { events: [null, event, 7] }])
      expect(mapped('halosis', body)).toEqual({ events: [event], ignored: ['unknown', 'unknown'], failed: [] })
  })

  it('fails an invalid event with the field, and passes its neighbours', () => {
    const { events, failed } = mapped('halosis', { events: [{ ...messageEvent(), channel: 'pigeon' }, messageEvent()] })
    expect(events).toHaveLength(1)
    expect(failed).toEqual([{ rule: 'events', reason: expect.stringMatching(/^channel: /) }])
  })
})

describe('the worked example', () => {
  it('reads what the guide states', () => {
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
  it.each(['blip', 'qiscus', 'zwiz', 'halosis', 'example-partner', 'pancake', 'dialog360', 'twilio-conversations'])(
    '%s is verified by a key',
    (name) => {
      const verify = (headers: Record<string, string>) =>
        sourceNamed(name).verify(deliveryOf(name, {}, { headers }), ['k'], { now: 0 })
      expect(verify({ 'x-signals-key': 'k' })).toBe('ok')
      expect(verify({ 'x-signals-key': 'other' })).toBe('wrong')
      expect(verify({})).toBe('missing')
    },
  )
})
