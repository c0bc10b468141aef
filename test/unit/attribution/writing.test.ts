import { creditOf } from '../../../services/attribution/credit.ts'
import { messageEventSchema } from '../../../services/shared/model/message-event.ts'

const id = 'E.C.P.CsIB3_Iz-9'
const eventsOf = (given: readonly object[]) =>
  given.map((event, at) =>
    messageEventSchema.parse({
      ...{ source: 'messenger', accountId: '1', channel: 'messenger', conversationId: '1:2', messageId: `m${at}` },
      ...{ kind: 'message', direction: 'inbound', sender: 'user', occurredAt: 1_763_900_000_000 + at * 60_000 },
      ...event,
    }),
  )
const meta = { ref: null, adId: null, advertiserId: null, clickId: null, url: null }

/** What people send, by kind: the events and the tracking ID with which the last is credited. */
const cases: readonly [kind: string, events: readonly object[], credited: string | null][] = [
  ['marks', [{ text: `~https://loja.example/p?ttclid=${id}~ ainda tem?` }], id],
  ['marks', [{ text: `**https://loja.example/p?ttclid=${id}**` }], id],
  ['marks', [{ text: `__https://toko.example/?ttclid=${id}__` }], id],
  ['marks', [{ text: `(см. https://shop.example/?ttclid=${id})` }], id],
  ['marks', [{ text: `«https://shop.example/?ttclid=${id}»` }], id],
  ['cut', [{ text: `https://shop.example/?ttclid=E.C.P.CsI...` }], null],
  ['cut', [{ text: `https://shop.example/?ttclid=${id}&utm_source=tik…` }], id],
  ['no id', [{ text: 'https://shop.example/?ttclid=%7B%7Bclick_id%7D%7D' }], null],
  ['no id', [{ text: 'https://shop.example/?ttclid=__CALLBACK_PARAM__' }], null],
  ['no id', [{ text: 'https://shop.example/?ttclid=tôi%20muốn%20mua' }], null],
  ['no id', [{ text: 'https://shop.example/?ttclid=%2B84901234567' }], null],
  ['no id', [{ text: `https://a.example/?ttclid=NULL https://b.example/?ttclid=${id}` }], id],
  ['parameter', [{ text: `https://shop.example/?utm=1&amp;amp;TtclId=${id}` }], id],
  ['parameter', [{ links: [`https://shop.example/?a=1&amp;ttclid=${id}`] }], id],
  ['parameter', [{ text: `https://shop.example/?my_ttclid=${id}` }], null],
  ['no scheme', [{ text: `ปัก shop.co.th/a?ttclid=${id} ค่ะ` }], id],
  ['no scheme', [{ text: `t.me/toko?ttclid=${id}` }], id],
  ['no scheme', [{ text: `bayar.nanti/ok?ttclid=${id}` }], null],
  ['no scheme', [{ text: `WWW.Shop.Example/?ttclid=${id}` }], id],
  ['end of a link', [{ text: `https://shop.example/?ttclid=${id}谢谢` }], id],
  ['end of a link', [{ text: `https://shop.example/?ttclid=${id}🙏🏽مرحبا` }], id],
  ['end of a link', [{ text: `「https://shop.example/?ttclid=${id}」を見ました` }], id],
  ['first messages', [...Array(5).fill({ attachments: ['image'] }), { text: `shop.example/?ttclid=${id}` }], id],
  ['first messages', [...['a', 'b', 'c', 'd'].map((text) => ({ text })), { text: `shop.example/?ttclid=${id}` }], null],
  [
    'a pasted link',
    [
      ...['a', 'b', 'c', 'd'].map((text) => ({ text })),
      { links: [`https://x.example/?ttclid=${id}`], occurredAt: 1_763_903_600_000 },
    ],
    null,
  ],
  [
    'an ad of Meta',
    [{ text: 'hola', referral: { ...meta, source: 'meta_ad', url: `https://x.example/?ttclid=${id}` } }],
    null,
  ],
  ['an ad of Meta', [{ text: 'hola', referral: { ...meta, source: 'meta_ad', adId: '6001', clickId: 'ARA' } }], null],
  [
    'a link of Meta',
    [{ text: 'hola', referral: { ...meta, source: 'link', ref: 'promo/verano=1' } }],
    'promo/verano=1',
  ],
  ['a link of Meta', [{ text: 'hola', referral: { ...meta, source: 'link', ref: 'promo de verano' } }], null],
]

describe('a conversation, as people write it,', () => {
  it.each(cases)('%s: %j is credited with %s', (_kind, events, credited) =>
    expect(creditOf(eventsOf(events), null).trackingId).toBe(credited),
  )
})
