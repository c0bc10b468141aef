import { noon } from '../../../support/builders.ts'
import { zalo } from '../../../support/channel-bodies.ts'
import { mapped, theOnly } from '../../../support/deliveries.ts'

const only = (body: object) => theOnly('zalo', body)
const attached = (type: string, payload: object = {}) => ({ msg_id: 'z', text: '', attachments: [{ type, payload }] })

describe('the mapping of Zalo', () => {
  it.each<[string, object, object]>([
    [
      'a text',
      zalo('user_send_text'),
      {
        accountId: 'oa',
        channel: 'zalo',
        conversationId: 'oa:person',
        messageId: 'z-1',
        direction: 'inbound',
        sender: 'user',
        occurredAt: noon,
        text: 'chào',
        textOrigin: 'typed',
      },
    ],
    ['an id under its other name', zalo('user_send_text', { mid: 'z-2', text: 'x' }), { messageId: 'z-2' }],
    [
      'a time as a number',
      zalo('user_send_text', { msg_id: '1', text: 'x' }, { timestamp: noon }),
      { occurredAt: noon },
    ],
    [
      'an agent of the account',
      zalo('oa_send_text', { msg_id: '1', text: 'dạ' }, { sender: { id: 'oa', admin_id: '5' } }),
      { direction: 'outbound', sender: 'agent', conversationId: 'oa:person', textOrigin: 'typed' },
    ],
    [
      'a program at the account',
      zalo('oa_send_text', { msg_id: '1', text: 'dạ' }),
      { direction: 'outbound', sender: 'bot', textOrigin: 'automatic' },
    ],
    [
      'a person who does not follow, by the conversation',
      zalo('anonymous_send_text', { msg_id: '1', text: 'x', conversation_id: 'c-1' }),
      { direction: 'inbound', conversationId: 'c-1', accountId: 'oa' },
    ],
    [
      'the answer to a person who does not follow',
      zalo('oa_send_anonymous_text', { msg_id: '1', text: 'x', conversation_id: 'c-1' }),
      { direction: 'outbound', conversationId: 'c-1', accountId: 'oa' },
    ],
    [
      'a group by its own id',
      zalo('user_send_group_text', { msg_id: '1', text: 'x' }, { oa_id: 'oa', recipient: { id: 'g' } }),
      { conversationId: 'oa:g', accountId: 'oa', sender: 'user' },
    ],
    [
      'what the account sends to a group',
      zalo('oa_send_group_image', attached('image'), { recipient: { id: 'g' } }),
      { conversationId: 'oa:g', direction: 'outbound', attachments: ['image'] },
    ],
    [
      'a picture with words',
      zalo('user_send_image', { msg_id: '1', text: 'đây', attachments: [{ type: 'image' }] }),
      { attachments: ['image'], text: 'đây', textOrigin: 'caption' },
    ],
    [
      'a link',
      zalo('user_send_link', attached('link', { url: 'https://shop.example/?ttclid=1' })),
      { attachments: ['link'], links: ['https://shop.example/?ttclid=1'], text: null },
    ],
    [
      'a card, which comes as a link',
      zalo('user_send_business_card', attached('link', { url: 'https://zalo.example/p' })),
      { attachments: ['contact'], links: [] },
    ],
    ['a file', zalo('user_send_file', attached('file')), { attachments: ['document'] }],
    [
      'two links',
      zalo('user_send_link', {
        msg_id: '1',
        attachments: [
          { type: 'link', payload: { url: 'https://a.example' } },
          { type: 'link', payload: { url: 'https://b.example' } },
        ],
      }),
      { attachments: ['link', 'link'], links: ['https://a.example', 'https://b.example'] },
    ],
    [
      'a picture by the event’s name',
      zalo('user_send_gif', { msg_id: '1', url: 'https://cdn.example/1.gif' }),
      { attachments: ['image'], links: [] },
    ],
    [
      'a voice message by the event’s name',
      zalo('anonymous_send_audio', { msg_id: '1', conversation_id: 'a' }),
      { attachments: ['audio'] },
    ],
    [
      'a file with words by the event’s name',
      zalo('user_send_file', { msg_id: '1', text: 'hóa đơn' }),
      { attachments: ['document'], textOrigin: 'caption' },
    ],
    [
      'a link by the event’s name',
      zalo('user_send_link', { msg_id: '1', url: 'https://a.example' }),
      { attachments: ['link'], links: ['https://a.example'] },
    ],
    ['a kind that is new', zalo('oa_send_hologram', { msg_id: '1' }), { attachments: ['other'] }],
    ['a list as what a program offers', zalo('oa_send_list', attached('template')), { attachments: ['other'] }],
    [
      'a question about a product',
      zalo('user_asking_product', { msg_id: '1', text: 'còn không?' }),
      { attachments: ['product'], text: 'còn không?' },
    ],
    [
      'an order',
      {
        event_name: 'shop_has_order',
        oa_id: 'oa',
        customer: { id: 'person' },
        order: { id: 88 },
        timestamp: String(noon),
      },
      { kind: 'order', messageId: '88', conversationId: 'oa:person', occurredAt: noon },
    ],
  ])('reads %s', (_name, body, expected) => expect(only(body)).toMatchObject(expected))

  it.each<[string, string]>([
    ['user_seen_message', 'read'],
    ['user_received_message', 'status'],
    ['user_reacted_message', 'reaction'],
    ['oa_reacted_message', 'reaction'],
    ['follow', 'contact'],
    ['unfollow', 'contact'],
    ['user_submit_info', 'contact'],
    ['add_user_to_tag', 'contact'],
    ['user_click_chatnow', 'track'],
    ['user_feedback', 'track'],
    ['user_call_oa', 'call'],
    ['oa_send_consent', 'call'],
    ['create_group', 'group'],
    ['user_join_group', 'group'],
    ['change_template_quota', 'template'],
    ['change_oa_daily_quota', 'account'],
    ['something_new', 'unknown'],
  ])('ignores %s as %s', (event, reason) =>
    expect(mapped('zalo', zalo(event))).toEqual({ events: [], ignored: [reason], failed: [] }),
  )

  it('takes a time that is none for none', () => {
    expect(only(zalo('user_send_text', undefined, { timestamp: '154390853474' }))?.timeSource).toBe('received')
  })

  it('fails an item without a person', () => {
    expect(mapped('zalo', zalo('user_send_text', undefined, { sender: {} })).failed).toHaveLength(1)
    expect(mapped('zalo', zalo('user_send_text', { msg_id: '1', text: '' })).ignored).toEqual(['empty'])
  })
})
