import { noon } from '../../../support/builders.ts'
import { whatsapp, whatsappMessage } from '../../../support/channel-bodies.ts'
import { mapped, theOnly } from '../../../support/deliveries.ts'

const standby = (lists: object) => whatsapp('standby', { standby: lists })
const seconds = Math.floor(noon / 1000)
const echo = (message: object, fields: object = {}) =>
  theOnly('whatsapp', standby({ message_echoes: [{ id: 'wamid.e', timestamp: String(seconds), message, ...fields }] }))
const referral = { source_type: 'ad', source_id: '9', ctwa_clid: 'A', source_url: 'https://fb.me/x' }

describe('a number for which another program answers', () => {
  it('delivers what persons write, and the ads that led them', () => {
    const contacts = [{ wa_id: '55', user_id: 'BR.1' }]
    const message = whatsappMessage({ type: 'text', text: { body: 'bisa bayar?' }, referral })
    expect(theOnly('whatsapp', standby({ contacts, messages: [message] }))).toMatchObject({
      accountId: '42',
      conversationId: '42:55',
      direction: 'inbound',
      sender: 'user',
      text: 'bisa bayar?',
      textOrigin: 'typed',
      aliases: ['42:BR.1'],
      referral: { source: 'meta_ad', adId: '9', clickId: 'A' },
    })
  })

  it.each<[string, object, object, object]>([
    [
      'a text to a number',
      { to: '+55', type: 'text', text: { body: 'ya' } },
      {},
      { conversationId: '42:55', text: 'ya', textOrigin: 'automatic' },
    ],
    [
      'a text to an id',
      { recipient: 'BR.1', type: 'text', text: { body: 'ya' } },
      {},
      { conversationId: '42:BR.1', aliases: [] },
    ],
    [
      'a text to a group',
      { recipient_type: 'group', to: 'g', type: 'text', text: { body: 'ya' } },
      {},
      { conversationId: '42:g', aliases: [] },
    ],
    [
      'a picture',
      { to: '55', recipient: 'BR.1', type: 'image', image: { caption: 'lihat' } },
      {},
      { aliases: ['42:BR.1'], attachments: ['image'], textOrigin: 'automatic' },
    ],
    [
      'a menu',
      { to: '55', type: 'interactive', interactive: { type: 'button', body: { text: 'Pilih' } } },
      {},
      { text: 'Pilih', textOrigin: 'template', attachments: [] },
    ],
    [
      'a product',
      {
        to: '55',
        type: 'interactive',
        interactive: { type: 'product', action: { catalog_id: '1', product_retailer_id: 's' } },
      },
      {},
      { attachments: ['product'] },
    ],
    [
      'a template',
      { to: '55', type: 'template', template: { name: 'hi' } },
      { template: { components: [{ type: 'BODY', text: 'Hai' }] } },
      { text: 'Hai', textOrigin: 'template', attachments: [] },
    ],
    [
      'a template without its words',
      { to: '55', type: 'template', template: { name: 'hi' } },
      {},
      { text: null, attachments: ['other'] },
    ],
  ])('delivers %s that the program sent', (_name, message, fields, expected) => {
    expect(echo(message, fields)).toMatchObject({
      messageId: 'wamid.e',
      direction: 'outbound',
      sender: 'bot',
      occurredAt: seconds * 1000,
      ...expected,
    })
  })

  it('delivers all lists of a change, and receipts as such', () => {
    const lists = {
      messages: [whatsappMessage()],
      message_echoes: [{ id: 'wamid.e', message: { to: '55', type: 'text', text: { body: 'y' } } }],
      statuses: [
        { id: 'wamid.e', status: 'read' },
        { id: 'wamid.e', status: 'sent' },
      ],
    }
    const { events, ignored, failed } = mapped('whatsapp', standby(lists))
    expect(events.map(({ direction }) => direction)).toEqual(['inbound', 'outbound'])
    expect([ignored, failed]).toEqual([['status', 'status'], []])
  })

  it.each<[string, object, string]>([
    ['an empty change', {}, 'unknown'],
    ['an empty list', { messages: [] }, 'empty'],
    ['a reaction', { messages: [whatsappMessage({ type: 'reaction', reaction: {} })] }, 'reaction'],
    [
      'a reaction of the program',
      { message_echoes: [{ message: { to: '55', type: 'reaction', reaction: {} } }] },
      'reaction',
    ],
    ['a message marked as read', { message_echoes: [{ message: { status: 'read', message_id: 'w' } }] }, 'read'],
    ['an echo that is none', { message_echoes: ['x'] }, 'unknown'],
    ['a click in a campaign', { user_actions: [{ action_type: 'marketing_messages_link_click' }] }, 'track'],
  ])('ignores %s', (_name, lists, reason) => {
    const { events, ignored, failed } = mapped('whatsapp', standby(lists))
    expect([events, ignored, failed]).toEqual([[], [reason], []])
  })
})

describe('a chat that is opened without a word', () => {
  const opened = (fields: object) =>
    mapped('whatsapp', whatsapp('messages', { messages: [whatsappMessage({ type: 'request_welcome', ...fields })] }))

  it('is a referral by an ad or a post, else a handover', () => {
    expect(opened({ referral }).events).toEqual([
      expect.objectContaining({
        kind: 'referral',
        messageId: 'wamid.1',
        conversationId: '42:55',
        text: null,
        referral: expect.objectContaining({ source: 'meta_ad', adId: '9', clickId: 'A' }),
      }),
    ])
    expect(opened({ referral: { source_type: 'post', source_id: '9' } }).events).toEqual([
      expect.objectContaining({ referral: expect.objectContaining({ source: 'other', adId: null }) }),
    ])
    expect(opened({})).toEqual({ events: [], ignored: ['handover'], failed: [] })
  })
})

describe('a message without a type', () => {
  const untyped = (fields: object) => whatsapp('messages', { messages: [whatsappMessage(fields)] })
  it.each<[string, object, object]>([
    ['a text', { text: { body: 'oi' } }, { text: 'oi', attachments: [] }],
    ['a card', { contacts: [{}] }, { attachments: ['contact'] }],
    ['a place', { location: {} }, { attachments: ['location'] }],
    ['a cart', { order: { text: 'cepat' } }, { attachments: ['order'], text: 'cepat' }],
    ['a product', { product: { catalog_id: '1' } }, { attachments: ['product'] }],
    ['a file', { document: { caption: 'nota' } }, { attachments: ['document'], text: 'nota', textOrigin: 'caption' }],
    ['a tap', { button: { text: 'Ya' } }, { text: 'Ya', textOrigin: 'button', attachments: [] }],
    [
      'an edit',
      { edit: { original_message_id: 'o', message: { text: { body: 'b' } } } },
      { kind: 'edit', messageId: 'o' },
    ],
    ['what WhatsApp does not show', { errors: [{ code: 131051 }] }, { attachments: ['other'] }],
  ])('is %s by what it holds', (_name, fields, expected) =>
    expect(theOnly('whatsapp', untyped(fields))).toMatchObject(expected),
  )
})
