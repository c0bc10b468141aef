import { noon } from '../../../support/builders.ts'
import { meta, metaEcho, metaItem } from '../../../support/channel-bodies.ts'
import { mapped, theOnly } from '../../../support/deliveries.ts'

const none = { ref: null, adId: null, advertiserId: null, clickId: null, url: null }

describe.each([
  ['messenger', 'page'],
  ['instagram', 'instagram'],
] as const)('the mapping of %s', (name, object) => {
  const only = (item: object, under?: string) => theOnly(name, meta(object, [item], under))
  const ignored = (item: object) => mapped(name, meta(object, [item]))

  it('reads a text', () => {
    expect(only(metaItem())).toEqual({
      source: name,
      accountId: 'page',
      channel: name,
      conversationId: 'page:person',
      messageId: 'm-1',
      kind: 'message',
      direction: 'inbound',
      sender: 'user',
      occurredAt: noon,
      timeSource: 'event',
      text: 'oi',
      textOrigin: 'typed',
      links: [],
      attachments: [],
      referral: null,
      channelMessageId: null,
      revision: null,
      aliases: [],
      backfill: false,
      outcome: null,
      contactId: null,
    })
  })

  it.each<[string, object, object]>([
    [
      'a quick reply by its title',
      metaItem({ message: { mid: 'm', text: 'Sim', quick_reply: { payload: 'YES' } } }),
      { text: 'Sim', textOrigin: 'button' },
    ],
    [
      'a postback by its title, never its payload',
      metaItem({ postback: { mid: 'm-p', title: 'Começar', payload: 'GET_STARTED' } }),
      { kind: 'message', messageId: 'm-p', text: 'Começar', textOrigin: 'button' },
    ],
    [
      'a tap without a title as a message all the same',
      metaItem({ postback: { payload: 'X' } }),
      { kind: 'message', text: null, textOrigin: null, messageId: expect.stringMatching(/^derived:/) },
    ],
    [
      'an edit under the id of what it changes',
      metaItem({ message_edit: { mid: 'm-1', text: 'novo', num_edit: 1 } }),
      { kind: 'edit', messageId: 'm-1', text: 'novo', revision: expect.any(String) },
    ],
    [
      'an unsent message',
      metaItem({ message: { mid: 'm-1', is_deleted: true } }),
      { kind: 'deletion', messageId: 'm-1', text: null },
    ],
    [
      'what the channel cannot show',
      metaItem({ message: { mid: 'm', is_unsupported: true } }),
      { attachments: ['other'], text: null },
    ],
    [
      'a time in seconds, as text',
      metaItem({ timestamp: String(noon / 1000), message: { mid: 'm', text: 'x' } }),
      { occurredAt: noon, timeSource: 'event' },
    ],
    [
      'an item without a time by that of its entry',
      metaItem({ timestamp: undefined, message: { mid: 'm', text: 'x' } }),
      { occurredAt: noon + 100, timeSource: 'delivery' },
    ],
    [
      'an echo of the inbox as a person’s, in the thread of its receiver',
      metaEcho({ text: 'olá', app_id: 263902037430900 }),
      { direction: 'outbound', sender: 'agent', conversationId: 'page:person', textOrigin: 'typed' },
    ],
    ['an echo without an app as a person’s', metaEcho({ text: 'olá' }), { direction: 'outbound', sender: 'agent' }],
    [
      'an echo of another app as a program’s',
      metaEcho({ text: 'olá', app_id: '777' }),
      { direction: 'outbound', sender: 'bot', textOrigin: 'automatic' },
    ],
    [
      'an ad on the first message',
      metaItem({ message: { mid: 'm', text: 'x', referral: { source: 'ADS', ad_id: '9', ref: '' } } }),
      { kind: 'message', referral: { ...none, source: 'meta_ad', adId: '9' } },
    ],
    [
      'an ad on a postback',
      metaItem({ postback: { title: 'x', referral: { source: 'X', ad_id: '9', ref: 'r' } } }),
      { kind: 'message', referral: { ...none, source: 'meta_ad', adId: '9', ref: 'r' } },
    ],
    [
      'a link into a thread that exists',
      metaItem({ referral: { ref: 'r', source: 'SHORTLINK', type: 'OPEN_THREAD' } }),
      { kind: 'referral', text: null, referral: { ...none, source: 'link', ref: 'r' } },
    ],
    [
      'a link of Instagram',
      metaItem({ referral: { ref: 'r', source: 'IGME-SOURCE-LINK' } }),
      { kind: 'referral', referral: { ...none, source: 'link', ref: 'r' } },
    ],
    [
      'where a plugin stood',
      metaItem({ referral: { source: 'CUSTOMER_CHAT_PLUGIN', referer_uri: 'https://shop.example/' } }),
      { referral: { ...none, source: 'other', url: 'https://shop.example/' } },
    ],
    [
      'an opt-in that brings a reference',
      metaItem({ optin: { ref: 'r', user_ref: 'u' } }),
      { kind: 'referral', referral: { ...none, source: 'other', ref: 'r' } },
    ],
    [
      'a referral that says nothing as none',
      metaItem({ message: { mid: 'm', text: 'x', referral: {} } }),
      { referral: null },
    ],
    [
      'a product of the shop that was asked about',
      metaItem({ message: { mid: 'm', text: 'x', referral: { product: { id: '1' } } } }),
      { referral: { ...none, source: 'other' } },
    ],
  ])('reads %s', (_name, item, expected) => {
    expect(only(item)).toMatchObject(expected)
    expect(only(item, 'standby')).toMatchObject(expected)
  })

  const own = { sender: { id: 'page' }, recipient: { id: 'person' } }
  it.each<[string, object, object]>([
    [
      'an echo whose flag is text',
      metaEcho({ text: 'x', is_echo: 'true', app_id: '777' }),
      { direction: 'outbound', sender: 'bot' },
    ],
    ['a flag that says no', metaItem({ message: { mid: 'm', text: 'x', is_echo: 'false' } }), { direction: 'inbound' }],
    ['a deletion whose flag is text', metaItem({ message: { mid: 'm', is_deleted: 'true' } }), { kind: 'deletion' }],
    [
      'a flag of the unsupported as text',
      metaItem({ message: { mid: 'm', is_unsupported: 'True' } }),
      { attachments: ['other'] },
    ],
    [
      'what the account itself sends, without a flag',
      metaItem({ ...own, message: { mid: 'm', text: 'x' } }),
      { direction: 'outbound', sender: 'agent', conversationId: 'page:person', textOrigin: 'typed' },
    ],
    [
      'what the account’s program sends, without a flag',
      metaItem({ ...own, message: { mid: 'm', text: 'x', app_id: 777 } }),
      { direction: 'outbound', sender: 'bot', textOrigin: 'automatic' },
    ],
    [
      'an edit of the account’s',
      metaItem({ ...own, message_edit: { mid: 'm', text: 'y', num_edit: 1 } }),
      { kind: 'edit', direction: 'outbound' },
    ],
    [
      'a cart with its note',
      metaItem({ order: { products: [{ id: 1 }], note: 'kirim hari ini' } }),
      { kind: 'message', attachments: ['order'], text: 'kirim hari ini', textOrigin: 'typed', direction: 'inbound' },
    ],
    ['a cart without a note', metaItem({ order: { products: [] } }), { attachments: ['order'], text: null }],
  ])('reads %s', (_name, item, expected) => {
    expect(only(item)).toMatchObject(expected)
    expect(only(item, 'standby')).toMatchObject(expected)
  })

  it('ignores the notice of no edit that comes with every message', () => {
    for (const num_edit of [0, '0'])
      expect(ignored({ timestamp: noon, message_edit: { mid: 'm', num_edit } })).toEqual({
        events: [],
        ignored: ['empty'],
        failed: [],
      })
    expect(ignored({ timestamp: noon, message_edit: { mid: 'm', num_edit: 1 } }).failed).toHaveLength(1)
  })

  it('ignores a note to oneself', () => {
    expect(ignored(metaItem({ ...own, message: { mid: 'm', text: 'x', is_self: 'true' } })).ignored).toEqual([
      'internal_note',
    ])
  })

  it.each<[string, object[], string[]]>([
    ['a picture and a file', [{ type: 'image' }, { type: 'file' }], ['image', 'document']],
    ['a sticker as an image that names it', [{ type: 'image', payload: { sticker_id: 1 } }], ['sticker']],
    ['a sticker beside its image', [{ type: 'image' }, { type: 'sticker', payload: { sticker_id: 1 } }], ['sticker']],
    ['a heart', [{ type: 'like_heart' }], ['sticker']],
    ['posts', [{ type: 'share' }, { type: 'ig_reel' }, { type: 'ig_post' }], ['post', 'post', 'post']],
    ['a mention in a story', [{ type: 'story_mention' }], ['story']],
    ['a template and an unknown kind', [{ type: 'template' }, { type: 'hologram' }, {}], ['other', 'other', 'other']],
  ])('reads %s', (_name, attachments, expected) => {
    expect(only(metaItem({ message: { mid: 'm', attachments } }))?.attachments).toEqual(expected)
  })

  it('hands on the urls of all shared pages, once', () => {
    const attachments = [
      { type: 'fallback', url: 'https://shop.example/a', payload: null },
      { type: 'image', payload: { url: 'https://cdn.example/1.jpg' } },
      { type: 'fallback', payload: { url: 'https://shop.example/b' } },
      { type: 'fallback', payload: { url: 'https://shop.example/a' } },
    ]
    const event = only(metaItem({ message: { mid: 'm', text: 'x', attachments } }))
    expect(event?.links).toEqual(['https://shop.example/a', 'https://shop.example/b'])
    expect(event?.attachments).toEqual(['link', 'image', 'link', 'link'])
  })

  it('hands on the url of a shared page, and of nothing else', () => {
    const attachments = [
      { type: 'image', payload: { url: 'https://cdn.example/1.jpg' } },
      { type: 'fallback', payload: { url: 'https://shop.example/?ttclid=1' } },
    ]
    expect(only(metaItem({ message: { mid: 'm', attachments } }))?.links).toEqual(['https://shop.example/?ttclid=1'])
  })

  it.each<[string, object, string]>([
    ['a receipt', { delivery: { mids: ['m'] } }, 'status'],
    ['a read receipt', { read: { watermark: 1 } }, 'read'],
    ['a reaction', { reaction: { mid: 'm', action: 'react' } }, 'reaction'],
    ['a change of hands', { pass_thread_control: { new_owner_app_id: 1 } }, 'handover'],
    ['a linked account', { account_linking: { status: 'linked' } }, 'account'],
    ['consent to be written to', { optin: { type: 'notification_messages', payload: 'p' } }, 'contact'],
    ['a message of nothing', { message: { mid: 'm', text: '' } }, 'empty'],
    ['an item of no known shape', { surprise: 1 }, 'unknown'],
  ])('ignores %s', (_name, item, reason) =>
    expect(ignored(metaItem(item))).toEqual({ events: [], ignored: [reason], failed: [] }),
  )

  it('fails an item without a person, and maps its neighbours', () => {
    const { events, failed } = mapped(
      name,
      meta(object, [metaItem({ sender: {}, message: { mid: 'a', text: 'x' } }), null as never, metaItem()]),
    )
    expect(events).toHaveLength(1)
    expect(failed.map(({ rule }) => rule)).toEqual(['message', 'item'])
  })

  it('reads the form in which the dashboard sends its test', () => {
    const change = { field: 'messages', value: { ...metaItem(), timestamp: String(noon / 1000) } }
    expect(only(change, 'changes')).toMatchObject({ messageId: 'm-1', occurredAt: noon, text: 'oi' })
  })

  it('distinguishes a public comment from a message, and an empty delivery from one of another source', () => {
    const field = object === 'page' ? 'feed' : 'comments'
    expect(mapped(name, meta(object, [{ field, value: { message: 'x' } }], 'changes')).ignored).toEqual(['comment'])
    expect(mapped(name, { object, entry: [] }).ignored).toEqual(['empty'])
    expect(() => mapped(name, { object: 'other', entry: [] })).toThrow(/not a delivery of this source/)
  })
})

it('takes a message of an Instagram account to itself for a note', () => {
  const account = { id: 'page' }
  const item = metaItem({ sender: account, recipient: account, message: { mid: 'm', text: 'x' } })
  expect(mapped('instagram', meta('instagram', [item])).ignored).toEqual(['internal_note'])
})
