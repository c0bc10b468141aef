/** Bodies of partners and platforms beside the main ones: their own mappings, and what a wrong address is answered with. */
import { noon } from '../../../support/builders.ts'
import { twilioConversations, whatsappMessage, zalo, zaloBot } from '../../../support/channel-bodies.ts'
import { mapped, theOnly } from '../../../support/deliveries.ts'

const seconds = Math.floor(noon / 1000) * 1000

it.each<[string, string, object | string, RegExp]>([
  ['Twilio Conversations at WhatsApp’s', 'whatsapp', twilioConversations(), /\/webhooks\/twilio-conversations/],
  [
    'Twilio Messaging at that of Conversations',
    'twilio-conversations',
    { MessageSid: 'SM1', Body: 'x' },
    /\/webhooks\/whatsapp/,
  ],
  ['360dialog at WhatsApp’s', 'whatsapp', { contacts: [], messages: [whatsappMessage()] }, /\/webhooks\/dialog360/],
  ['Meta’s envelope at 360dialog’s', 'dialog360', { entry: [] }, /\/webhooks\/whatsapp/],
  ['the Bot Platform at the Official Account’s', 'zalo', zaloBot('message.text.received'), /\/webhooks\/zalo-bot/],
  [
    'the Bot Platform’s documented form',
    'zalo',
    { ok: true, result: zaloBot('message.text.received') },
    /\/webhooks\/zalo-bot/,
  ],
  ['the Official Account at the Bot Platform’s', 'zalo-bot', zalo('user_send_text'), /\/webhooks\/zalo$/],
  ['Gupshup', 'whatsapp', { app: 'a', type: 'message', payload: { id: 'x' } }, /not supported here.*message events/s],
  ['Infobip', 'whatsapp', { results: [{ from: '55' }] }, /not supported here/],
  ['Vonage', 'whatsapp', { message_uuid: 'x', from: '55', text: 'oi' }, /not supported here/],
  [
    'YCloud',
    'whatsapp',
    { type: 'whatsapp.inbound_message.received', whatsappInboundMessage: {} },
    /not supported here/,
  ],
  ['Twilio’s event streams', 'whatsapp', [{ specversion: '1.0', data: {} }], /not supported here/],
  ['nothing known', 'whatsapp', { hello: 1 }, /^the body is not a delivery of this source$/],
])('refuses %s and says where it belongs', (_name, source, body, message) => {
  expect(() => mapped(source, body)).toThrow(message)
})

describe('Twilio Conversations', () => {
  it.each<[string, object, object]>([
    [
      'a person on WhatsApp',
      {},
      {
        accountId: 'account-1',
        conversationId: 'CH1',
        messageId: 'IM1',
        channel: 'whatsapp',
        direction: 'inbound',
        sender: 'user',
        text: 'oi',
        textOrigin: 'typed',
        occurredAt: seconds,
      },
    ],
    ['a person by SMS', { Author: '+5511', Source: 'SMS' }, { channel: 'sms', direction: 'inbound' }],
    ['a person without a number', { Author: 'whatsapp:BR.1' }, { direction: 'inbound', channel: 'whatsapp' }],
    ['an agent', { Author: 'ana', Source: 'SDK' }, { direction: 'outbound', sender: 'agent', textOrigin: 'typed' }],
    [
      'a program',
      { Author: 'system', Source: 'API' },
      { direction: 'outbound', sender: 'bot', textOrigin: 'automatic' },
    ],
    [
      'a picture',
      { Body: 'ini', Media: '[{"ContentType":"image/png"}]' },
      { attachments: ['image'], textOrigin: 'caption' },
    ],
    [
      'a card and a file',
      { Media: '[{"ContentType":"text/vcard"},{"ContentType":"application/pdf"}]' },
      { attachments: ['contact', 'document'] },
    ],
    [
      'an edit',
      { EventType: 'onMessageUpdated', DateUpdated: new Date(noon).toISOString() },
      { kind: 'edit', messageId: 'IM1', revision: expect.any(String) },
    ],
    ['a deletion', { EventType: 'onMessageRemoved' }, { kind: 'deletion', messageId: 'IM1', text: null }],
  ])('reads %s', (_name, fields, expected) =>
    expect(theOnly('twilio-conversations', twilioConversations(fields))).toMatchObject(expected),
  )

  it('reads form fields', () => {
    const body = new URLSearchParams(twilioConversations() as Record<string, string>).toString()
    expect(theOnly('twilio-conversations', body, { contentType: 'application/x-www-form-urlencoded' })).toMatchObject({
      messageId: 'IM1',
      text: 'oi',
    })
  })

  it.each([
    ['onDeliveryUpdated', 'status'],
    ['onConversationAdded', 'handover'],
    ['onParticipantAdded', 'handover'],
    ['onUserUpdated', 'contact'],
    ['onSomethingNew', 'unknown'],
  ])('ignores %s', (EventType, reason) =>
    expect(mapped('twilio-conversations', twilioConversations({ EventType })).ignored).toEqual([reason]),
  )
})

describe('360dialog', () => {
  it('reads WhatsApp’s lists without an envelope; the address names the number', () => {
    const contacts = [{ wa_id: '55', user_id: 'BR.1' }]
    const messages = [
      whatsappMessage({ type: 'image', image: { caption: 'oi' }, referral: { source_type: 'ad', source_id: '9' } }),
    ]
    expect(theOnly('dialog360', { contacts, messages })).toMatchObject({
      source: 'dialog360',
      accountId: 'account-1',
      channel: 'whatsapp',
      conversationId: 'account-1:55',
      aliases: ['account-1:BR.1'],
      messageId: 'wamid.1',
      text: 'oi',
      textOrigin: 'caption',
      attachments: ['image'],
      referral: { source: 'meta_ad', adId: '9' },
    })
  })

  it.each<[string, object, string]>([
    ['a receipt', { statuses: [{ id: 'w', status: 'read' }] }, 'status'],
    ['a reaction', { messages: [whatsappMessage({ type: 'reaction' })] }, 'reaction'],
    ['a chat that was opened', { messages: [whatsappMessage({ type: 'request_welcome' })] }, 'handover'],
    ['an error', { errors: [{ code: 1 }] }, 'system'],
    ['a message of nobody', { messages: [{ id: 'w', type: 'text' }] }, 'unknown'],
  ])('ignores %s', (_name, body, reason) => expect(mapped('dialog360', body).ignored).toEqual([reason]))

  it('reads edits, deletions, taps and changed ids', () => {
    const only = (fields: object) => theOnly('dialog360', { messages: [whatsappMessage(fields)] })
    const edit = { original_message_id: 'o', message: { type: 'text', text: { body: 'b' } } }
    expect(only({ type: 'edit', edit })).toMatchObject({ kind: 'edit', messageId: 'o', text: 'b', revision: 'wamid.1' })
    expect(only({ type: 'revoke', revoke: { original_message_id: 'o' } })).toMatchObject({
      kind: 'deletion',
      messageId: 'o',
    })
    expect(only({ type: 'button', button: { payload: 'p' } })).toMatchObject({ kind: 'message', text: null })
    const system = whatsappMessage({ type: 'system', system: { type: 'user_changed_number', wa_id: '66' } })
    expect(mapped('dialog360', { messages: [system] }).joined).toEqual([
      expect.objectContaining({ conversationId: 'account-1:55', aliases: ['account-1:66'] }),
    ])
  })
})

describe('the Zalo Bot Platform', () => {
  it.each<[string, object, object]>([
    [
      'a text',
      zaloBot('message.text.received'),
      {
        source: 'zalo-bot',
        channel: 'zalo',
        accountId: 'account-1',
        conversationId: 'account-1:person',
        messageId: 'b-1',
        sender: 'user',
        text: 'chào',
        textOrigin: 'typed',
        occurredAt: noon,
      },
    ],
    ['the documented form', { ok: true, result: zaloBot('message.text.received') }, { text: 'chào' }],
    [
      'a group by its id',
      zaloBot('message.text.received', { text: 'x', chat: { id: 'g', chat_type: 'GROUP' } }),
      { conversationId: 'account-1:g' },
    ],
    [
      'a picture',
      zaloBot('message.image.received', { caption: 'mẫu', photo_url: 'https://x' }),
      { attachments: ['image'], text: 'mẫu', textOrigin: 'caption', links: [] },
    ],
    ['a voice message', zaloBot('message.voice.received', { voice_url: 'https://x' }), { attachments: ['audio'] }],
    [
      'a link',
      zaloBot('message.link.received', { text: 'xem', url: 'https://shop.vn' }),
      { attachments: ['link'], links: ['https://shop.vn'], text: 'xem' },
    ],
    [
      'what is not shown, with its sender',
      zaloBot('message.unsupported.received', {}),
      { attachments: ['other'], text: null },
    ],
    [
      'another bot',
      zaloBot('message.text.received', { text: 'x', from: { id: 'b', is_bot: true } }),
      { sender: 'bot', textOrigin: 'automatic' },
    ],
  ])('reads %s', (_name, body, expected) => expect(theOnly('zalo-bot', body)).toMatchObject(expected))

  it('ignores what Zalo keeps from bots, and reactions', () => {
    expect(mapped('zalo-bot', { event_name: 'message.unsupported.received' }).ignored).toEqual(['restricted'])
    expect(mapped('zalo-bot', zaloBot('message.reaction.received')).ignored).toEqual(['reaction'])
  })
})
