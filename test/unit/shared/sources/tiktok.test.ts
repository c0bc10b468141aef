import { tiktokReferral } from '../../../../services/local/demo/webhooks.ts'
import { DeliveryUnreadable } from '../../../../services/shared/sources/index.ts'
import { noon } from '../../../support/builders.ts'
import { mapped, theOnly } from '../../../support/deliveries.ts'

const webhook = (event: string, content: object | string) => ({
  client_key: 'app',
  event,
  create_time: Math.floor(noon / 1000),
  user_openid: 'biz',
  content: typeof content === 'string' ? content : JSON.stringify(content),
})
const content = (fields: object = {}) => ({
  conversation_id: 'c+/==',
  message_id: 'm-1',
  timestamp: noon,
  type: 'text',
  text: { body: 'hola' },
  from_user: { id: 'person' },
  ...fields,
})
const none = { ref: null, adId: null, advertiserId: null, clickId: null, url: null }

describe('the mapping of TikTok', () => {
  it.each<[string, string, object, object]>([
    [
      'a text',
      'im_receive_msg',
      {},
      {
        accountId: 'biz',
        conversationId: 'c+/==',
        messageId: 'm-1',
        direction: 'inbound',
        sender: 'user',
        text: 'hola',
      },
    ],
    [
      'a tapped answer',
      'im_receive_msg',
      { reply_source_payload: { reply_source_msg_id: '1' } },
      { textOrigin: 'button' },
    ],
    [
      'a message written in the app',
      'im_send_msg',
      { message_tag: { source: 'APP' } },
      { direction: 'outbound', sender: 'agent', textOrigin: 'typed' },
    ],
    [
      'a message sent by the API',
      'im_send_msg',
      { message_tag: { source: 'API' } },
      { direction: 'outbound', sender: 'bot', textOrigin: 'automatic' },
    ],
    ['a welcome', 'im_send_msg', { auto_message_type: 'WELCOME_MESSAGE' }, { sender: 'bot', textOrigin: 'automatic' }],
    ['an unknown sender', 'im_send_msg', { message_tag: { source: 'OTHERS' } }, { sender: 'unknown' }],
    [
      'a card by its title',
      'im_send_msg',
      { type: 'template', text: undefined, template: { elements: [{ title: 'help?' }] } },
      { text: 'help?', textOrigin: 'template', attachments: [] },
    ],
    [
      'a card without one',
      'im_send_msg',
      { type: 'template', text: undefined, template: {} },
      { attachments: ['other'] },
    ],
    ['a post', 'im_receive_msg', { type: 'share_post', text: undefined }, { attachments: ['post'] }],
    ['a type that is new', 'im_receive_msg', { type: 'hologram', text: undefined }, { attachments: ['other'] }],
    ['an id that is none', 'im_receive_msg', { message_id: '' }, { messageId: expect.stringMatching(/^derived:/) }],
    ['the envelope’s time', 'im_receive_msg', { timestamp: undefined }, { occurredAt: noon, timeSource: 'delivery' }],
    [
      'an ad',
      'im_referral_msg',
      { message_id: undefined, referral: { source: 'ad', ad: { ad_id: '1', advertiser_id: '2', embed_url: '' } } },
      { kind: 'referral', text: null, referral: { ...none, source: 'tiktok_ad', adId: '1', advertiserId: '2' } },
    ],
    [
      'a link, in the API’s spelling',
      'im_referral_msg',
      { referral: { source: 'SHORT_LINK', short_link: { ref: 'r', prefilled_message: 'hi' } } },
      { kind: 'referral', text: null, referral: { ...none, source: 'tiktok_link', ref: 'r' } },
    ],
    [
      'a way that is new',
      'im_referral_msg',
      { referral: { source: 'qr', ref: 'r' } },
      { referral: { ...none, source: 'other', ref: 'r' } },
    ],
  ])('reads %s', (_name, event, fields, expected) =>
    expect(theOnly('tiktok', webhook(event, content(fields)))).toMatchObject(expected),
  )

  it('takes the content as an object too', () => {
    const body = { ...webhook('im_receive_msg', ''), content: content() }
    expect(theOnly('tiktok', body)).toMatchObject({ messageId: 'm-1' })
  })

  it.each<[string, object | string, string]>([
    ['im_receive_msg_eu', { timestamp: noon }, 'restricted'],
    ['im_mark_read_msg', content(), 'read'],
    ['im_receive_msg', content({ type: 'reaction' }), 'reaction'],
    ['im_auto_message_audit_update', {}, 'template'],
    ['im_receive_high_intent_comment', {}, 'comment'],
    ['comment.update', {}, 'comment'],
    ['brand.mention.event', { mention_type: 'VIDEO_MENTION' }, 'comment'],
    ['post.publish.publicly_available', {}, 'account'],
    ['post.publish.no_longer_publicaly_available', {}, 'account'],
    ['authorization.removed', { reason: 1 }, 'account'],
    ['im_receive_msg', 'not JSON', 'unknown'],
    ['im_new_event', {}, 'unknown'],
  ])('ignores %s', (event, body, reason) =>
    expect(mapped('tiktok', webhook(event, body))).toMatchObject({ events: [], ignored: [reason], failed: [] }),
  )

  it('gives two texts of one instant two ids where they bring none, each the same when it comes again', () => {
    const idOf = (body: string) =>
      theOnly('tiktok', webhook('im_receive_msg', content({ message_id: undefined, text: { body } }))).messageId
    expect(idOf('one')).toMatch(/^derived:/)
    expect(idOf('one')).toBe(idOf('one'))
    expect(idOf('two')).not.toBe(idOf('one'))
  })

  it('lets a message of no conversation fail', () => {
    const body = webhook('im_receive_msg', content({ conversation_id: undefined }))
    expect(mapped('tiktok', body)).toMatchObject({
      events: [],
      ignored: [],
      failed: [{ rule: 'message', reason: expect.stringMatching(/conversationId/) }],
    })
  })

  it('lets a referral of no conversation fail', () => {
    const body = webhook('im_referral_msg', { timestamp: noon, referral: { source: 'ad', ad: { ad_id: '1' } } })
    expect(mapped('tiktok', body).failed).toEqual([
      { rule: 'referral', reason: expect.stringMatching(/conversationId/) },
    ])
  })
})

describe('a delivery of TikTok', () => {
  it('reads a referral that comes by itself', () => {
    const { body } = tiktokReferral('conv+1==', '1780000000000000001', noon)
    expect(mapped('tiktok', body).events).toEqual([
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

  it('takes the encoded creative of a Smart+ ad for its id where TikTok gives no other', () => {
    const adOf = (ad: object) => {
      const content = { conversation_id: 'c', timestamp: noon, referral: { source: 'ad', ad } }
      return theOnly('tiktok', { event: 'im_referral_msg', user_openid: 'b', content }).referral?.adId
    }
    expect(adOf({ ad_id: '', message_material_id: 'enc' })).toBe('enc')
    expect(adOf({ ad_id: '17', message_material_id: 'enc' })).toBe('17')
  })

  it('takes a message without a type for what it holds', () => {
    const of = (block: object) => {
      const content = { conversation_id: 'c', message_id: 'm', timestamp: noon, ...block }
      return theOnly('tiktok', { event: 'im_receive_msg', user_openid: 'b', content })
    }
    expect(of({ image: { media_id: '1' } }).attachments).toEqual(['image'])
    expect(of({ text: { body: 'halo' } })).toMatchObject({ text: 'halo', attachments: [] })
  })

  it('keeps ids that a double cannot hold', () => {
    const content =
      '{"conversation_id": 7345678901234567890, "message_id": 1, "timestamp": 1795436400000, "type": "text", "text": {"body": "x"}}'
    const [event] = mapped('tiktok', { event: 'im_receive_msg', user_openid: 'b', content }).events
    expect(event?.conversationId).toBe('7345678901234567890')
  })

  it.each(['not json', '[]', '"x"', '{}', 'null', '{"event":1,"content":"{}"}'])(
    'refuses a body that is no delivery: %s',
    (body) => {
      expect(() => mapped('tiktok', body)).toThrow(DeliveryUnreadable)
    },
  )
})
