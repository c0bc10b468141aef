import { noon } from '../../../support/builders.ts'
import { telegram, telegramMessage } from '../../../support/channel-bodies.ts'
import { mapped, theOnly } from '../../../support/deliveries.ts'

const update = (fields: object) => theOnly('telegram', telegram(fields))
const message = (fields: object) => update({ message: telegramMessage(fields) })
const later = Math.floor(noon / 1000) + 60
const owner = { id: 99, is_bot: false }

describe('the mapping of Telegram', () => {
  it.each<[string, object, object]>([
    [
      'a text',
      { message: telegramMessage() },
      {
        accountId: 'account-1',
        conversationId: 'account-1:23',
        messageId: '23:7',
        kind: 'message',
        direction: 'inbound',
        sender: 'user',
        occurredAt: noon,
        text: 'halo',
        textOrigin: 'typed',
        referral: null,
      },
    ],
    [
      'one in a group by the group’s id',
      { message: telegramMessage({ chat: { id: -100, type: 'supergroup' }, text: 'x' }) },
      { conversationId: 'account-1:-100', messageId: '-100:7', direction: 'inbound', sender: 'user' },
    ],
    [
      'an edit by the time of the edit',
      { edited_message: telegramMessage({ text: 'baru', edit_date: later }) },
      { kind: 'edit', messageId: '23:7', occurredAt: later * 1000, revision: '900', text: 'baru' },
    ],
    [
      'the person in a business chat',
      { business_message: telegramMessage({ business_connection_id: 'b', text: 'x' }) },
      { direction: 'inbound', sender: 'user', conversationId: 'account-1:b:23', messageId: 'b:23:7' },
    ],
    [
      'the owner in a business chat',
      { business_message: telegramMessage({ from: owner, text: 'x' }) },
      { direction: 'outbound', sender: 'agent', textOrigin: 'typed', conversationId: 'account-1:23' },
    ],
    [
      'the owner’s bot, and the owner’s absence note',
      { business_message: telegramMessage({ from: owner, text: 'x', is_from_offline: true }) },
      { direction: 'outbound', sender: 'bot', textOrigin: 'automatic' },
    ],
    [
      'an edit in a business chat',
      { edited_business_message: telegramMessage({ from: owner, text: 'x' }) },
      { kind: 'edit', direction: 'outbound' },
    ],
    [
      'a pressed button as an act of who pressed it',
      {
        callback_query: {
          id: '55',
          from: { id: 23 },
          data: 'BUY',
          message: telegramMessage({ from: { id: 1, is_bot: true }, text: 'Pilih' }),
        },
      },
      { kind: 'message', messageId: 'callback:55', conversationId: 'account-1:23', text: null, timeSource: 'received' },
    ],
    [
      'a button under a message that is not shown',
      { callback_query: { id: '56', from: { id: 23 }, inline_message_id: 'x' } },
      { conversationId: 'account-1:23', sender: 'user' },
    ],
    [
      'a payment',
      { message: telegramMessage({ successful_payment: { currency: 'USD', total_amount: 1 } }) },
      { kind: 'order', messageId: '23:7', direction: 'inbound', sender: 'user' },
    ],
    [
      'paid media that were bought',
      { purchased_paid_media: { from: { id: 23 }, paid_media_payload: 'p' } },
      { kind: 'order', conversationId: 'account-1:23', text: null },
    ],
  ])('reads %s', (_name, fields, expected) => expect(update(fields)).toMatchObject(expected))

  const topic = { topic_id: 5, user: { id: 23 } }
  it.each<[string, object, object]>([
    [
      'a business chat beside the bot’s own chat with the same number',
      { business_message: telegramMessage({ business_connection_id: 'a', text: 'x' }) },
      { conversationId: 'account-1:a:23', messageId: 'a:23:7' },
    ],
    [
      'a button in a business chat',
      { callback_query: { id: '5', from: { id: 23 }, message: { chat: { id: 23 }, business_connection_id: 'a' } } },
      { conversationId: 'account-1:a:23', messageId: 'callback:5' },
    ],
    [
      'a person in a channel’s direct messages, by the topic',
      { message: telegramMessage({ chat: { id: -1 }, direct_messages_topic: topic, text: 'x' }) },
      { conversationId: 'account-1:-1:5', messageId: '-1:7', direction: 'inbound', sender: 'user' },
    ],
    [
      'what the channel answers there',
      {
        message: telegramMessage({
          from: { id: 9, is_bot: true },
          sender_chat: { id: -2 },
          chat: { id: -1 },
          direct_messages_topic: topic,
          text: 'x',
        }),
      },
      { conversationId: 'account-1:-1:5', direction: 'outbound', sender: 'agent', textOrigin: 'typed' },
    ],
    [
      'what another bot answers there',
      {
        message: telegramMessage({
          from: { id: 9, is_bot: true },
          chat: { id: -1 },
          direct_messages_topic: topic,
          text: 'x',
        }),
      },
      { direction: 'outbound', sender: 'bot', textOrigin: 'automatic' },
    ],
    [
      'a guest message',
      { guest_message: telegramMessage({ chat: { id: -9, type: 'group' }, guest_query_id: 'g', text: '@bot harga?' }) },
      { conversationId: 'account-1:-9', messageId: '-9:7', sender: 'user', text: '@bot harga?' },
    ],
    [
      'the words of a rich message',
      {
        message: telegramMessage({
          rich_message: {
            blocks: [
              { type: 'heading', size: 1, text: ['Pesanan ', { type: 'bold', text: '42' }] },
              { type: 'list', items: [{ label: '1.', blocks: [{ type: 'paragraph', text: 'transfer' }] }] },
            ],
          },
        }),
      },
      { text: 'Pesanan 42\ntransfer', textOrigin: 'typed', attachments: [] },
    ],
    [
      'a rich message of pictures',
      { message: telegramMessage({ rich_message: { blocks: [{ type: 'photo' }] } }) },
      { text: null, attachments: ['other'] },
    ],
    [
      'what an inline bot wrote',
      { message: telegramMessage({ via_bot: { id: 5 }, text: 'Invoice' }) },
      { textOrigin: 'automatic', sender: 'user' },
    ],
    [
      'the address behind a word',
      {
        message: telegramMessage({
          text: 'di sini',
          entities: [{ type: 'bold' }, { type: 'text_link', url: 'https://shop.example/' }],
        }),
      },
      { links: ['https://shop.example/'], text: 'di sini' },
    ],
  ])('reads %s', (_name, fields, expected) => expect(update(fields)).toMatchObject(expected))

  it.each([
    'chat_owner_left',
    'chat_owner_changed',
    'suggested_post_approved',
    'suggested_post_declined',
    'suggested_post_paid',
    'checklist_tasks_done',
    'gift_upgrade_sent',
    'poll_option_deleted',
    'managed_bot_created',
    'community_chat_added',
  ])('ignores the service message %s', (field) => {
    expect(mapped('telegram', telegram({ message: telegramMessage({ [field]: {} }) })).ignored).toEqual(['system'])
  })

  it('reads the payload of a link, which is not typed', () => {
    expect(message({ text: '/start' })).toMatchObject({ textOrigin: 'button', referral: null })
    for (const text of ['/start camp_7', '/start@shop_bot camp_7'])
      expect(message({ text })).toMatchObject({
        text,
        textOrigin: 'button',
        referral: { source: 'link', ref: 'camp_7', adId: null, clickId: null },
      })
    expect(message({ text: '/started' })).toMatchObject({ textOrigin: 'typed', referral: null })
  })

  it.each<[string, object, object]>([
    [
      'a photo with its caption',
      { photo: [{}, {}], caption: 'ini' },
      { attachments: ['image'], text: 'ini', textOrigin: 'caption' },
    ],
    ['a voice message', { voice: {} }, { attachments: ['audio'] }],
    ['a round video', { video_note: {} }, { attachments: ['video'] }],
    ['an animation, which is a document too', { animation: {}, document: {} }, { attachments: ['image'] }],
    ['a file', { document: {} }, { attachments: ['document'] }],
    ['a venue once', { venue: { title: 'x' }, location: {} }, { attachments: ['location'], text: null }],
    ['a contact', { contact: {} }, { attachments: ['contact'] }],
    ['a poll', { poll: {} }, { attachments: ['other'] }],
    [
      'paid media',
      { paid_media: { paid_media: [{ type: 'photo' }, { type: 'video' }] } },
      { attachments: ['image', 'video'] },
    ],
    ['a form', { web_app_data: { data: '{"a":1}', button_text: 'x' } }, { text: '{"a":1}', textOrigin: 'form' }],
  ])('reads %s', (_name, fields, expected) => expect(message(fields)).toMatchObject(expected))

  it('gives every deleted message of a business chat an event', () => {
    const { events } = mapped(
      'telegram',
      telegram({ deleted_business_messages: { chat: { id: 23 }, message_ids: [7, 8] } }),
    )
    expect(events.map(({ kind, messageId }) => [kind, messageId])).toEqual([
      ['deletion', '23:7'],
      ['deletion', '23:8'],
    ])
    const deleted = { business_connection_id: 'a', chat: { id: 23 }, message_ids: [7] }
    expect(update({ deleted_business_messages: deleted })).toMatchObject({
      conversationId: 'account-1:a:23',
      messageId: 'a:23:7',
    })
  })

  it('derives an id where a message has none yet', () => {
    expect(message({ message_id: 0, text: 'x' })?.messageId).toMatch(/^derived:/)
  })

  it.each<[string, object, string]>([
    ['a post in a channel', { channel_post: telegramMessage() }, 'comment'],
    [
      'a post below which a group talks',
      { message: telegramMessage({ is_automatic_forward: true, text: 'x' }) },
      'comment',
    ],
    ['who joined', { message: telegramMessage({ new_chat_members: [{}] }) }, 'group'],
    ['a group that moved', { message: telegramMessage({ migrate_to_chat_id: -1001 }) }, 'group'],
    ['a call', { message: telegramMessage({ video_chat_started: {} }) }, 'call'],
    ['a pinned message', { message: telegramMessage({ pinned_message: {} }) }, 'system'],
    ['a reaction', { message_reaction: {}, message_reaction_count: { x: 1 } }, 'reaction'],
    ['who blocked the bot', { my_chat_member: { chat: { type: 'private' } } }, 'contact'],
    ['the bot in a group', { my_chat_member: { chat: { type: 'group' } } }, 'group'],
    ['a business that connected', { business_connection: { id: 'b' } }, 'account'],
    ['a search', { inline_query: { id: '1' } }, 'track'],
    ['a message of nothing', { message: telegramMessage({}) }, 'empty'],
    ['an update of no known shape', { surprise: {} }, 'unknown'],
  ])('ignores %s', (_name, fields, reason) =>
    expect(mapped('telegram', telegram(fields))).toEqual({ events: [], ignored: [reason], failed: [] }),
  )

  it('fails an item without a chat', () => {
    expect(mapped('telegram', telegram({ message: { message_id: 1, text: 'x' } })).failed).toHaveLength(1)
    expect(mapped('telegram', telegram({ callback_query: { id: '1' } })).failed).toHaveLength(1)
  })
})
