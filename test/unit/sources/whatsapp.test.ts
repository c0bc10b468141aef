import { noon } from '../../support/builders.ts'
import { mapped, theOnly } from '../../support/deliveries.ts'

const seconds = String(Math.floor(noon / 1000))
const metadata = { phone_number_id: '42', display_phone_number: '+1 555-0100' }
const change = (field: string | undefined, value: object) => ({
  object: 'whatsapp_business_account',
  entry: [{ changes: [{ field, value: { metadata, ...value } }] }],
})
const told = (fields: object) => ({ id: 'wamid.1', from: '55', timestamp: seconds, ...fields })
const text = { type: 'text', text: { body: 'oi' } }
const inbound = (fields: object, value: object = {}) =>
  theOnly('whatsapp', change('messages', { messages: [told(fields)], ...value }))
const echo = (fields: object, field = 'smb_message_echoes') =>
  theOnly('whatsapp', change(field, { message_echoes: [told({ from: '15550100', to: '55', ...fields })] }))
const past = (fields: object, thread: object = { id: '55' }) =>
  theOnly(
    'whatsapp',
    change('history', { history: [{ threads: [{ ...thread, messages: [told({ ...text, ...fields })] }] }] }),
  )

describe('the mapping of WhatsApp', () => {
  it.each<[string, object, object]>([
    [
      'a form as it was sent',
      {
        type: 'interactive',
        interactive: { type: 'nfm_reply', nfm_reply: { response_json: '{"a":1}', body: 'Sent' } },
      },
      { text: '{"a":1}', textOrigin: 'form' },
    ],
    [
      'a tap of which the title did not come along',
      { type: 'interactive', errors: [{ code: 131000 }] },
      { kind: 'message', text: null, textOrigin: null, attachments: [] },
    ],
    ['an order', { type: 'order', order: { text: '', product_items: [{}] } }, { attachments: ['order'], text: null }],
    ['what WhatsApp does not support', { type: 'unsupported', errors: [{ code: 131051 }] }, { attachments: ['other'] }],
    ['an id that is none', { id: '0', ...text }, { messageId: expect.stringMatching(/^derived:/) }],
    ['a time as a number of milliseconds', { timestamp: noon, ...text }, { occurredAt: noon, timeSource: 'event' }],
    [
      'a click on an ad whose kind is not told',
      { ...text, referral: { source_id: '9', ctwa_clid: 'c' } },
      { referral: { source: 'meta_ad', adId: '9', clickId: 'c', ref: null, advertiserId: null, url: null } },
    ],
    [
      'a click on a post',
      { ...text, referral: { source_type: 'post', source_id: '9', ctwa_clid: '' } },
      { referral: { source: 'other', adId: null, clickId: null, ref: null, advertiserId: null, url: null } },
    ],
    ['a person without a number', { from: undefined, from_user_id: 'US.7', ...text }, { conversationId: '42:US.7' }],
    ['a group', { group_id: 'g', from_user_id: 'US.7', ...text }, { conversationId: '42:g', aliases: [] }],
    [
      'the other id of the person',
      { from_user_id: 'US.7', ...text },
      { conversationId: '42:55', aliases: ['42:US.7'] },
    ],
  ])('reads %s', (_name, fields, expected) => expect(inbound(fields)).toMatchObject(expected))

  it('learns the other id from the profile beside, and only from that person’s', () => {
    const contacts = [{ wa_id: '55', user_id: 'US.7' }]
    expect(inbound(text, { contacts })?.aliases).toEqual(['42:US.7'])
    expect(inbound({ from: undefined, from_user_id: 'US.7', ...text }, { contacts })?.aliases).toEqual(['42:55'])
    expect(inbound({ from: '66', ...text }, { contacts })?.aliases).toEqual([])
  })

  it('reads what was written in the app on the business’s phone', () => {
    expect(echo({ to_user_id: 'US.7', ...text })).toMatchObject({
      direction: 'outbound',
      sender: 'agent',
      conversationId: '42:55',
      aliases: ['42:US.7'],
      textOrigin: 'typed',
    })
    expect(echo({ type: 'revoke', revoke: { original_message_id: 'wamid.0' } })).toMatchObject({
      kind: 'deletion',
      messageId: 'wamid.0',
    })
  })

  it('reads along while another program answers', () => {
    expect(theOnly('whatsapp', change('standby', { messages: [told(text)] }))).toMatchObject({ direction: 'inbound' })
    expect(echo(text, 'standby')).toMatchObject({ direction: 'outbound', sender: 'bot', textOrigin: 'automatic' })
    expect(mapped('whatsapp', change('standby', { statuses: [{}] })).ignored).toEqual(['status'])
  })

  it('reads history by who wrote, however the business’s number is spelt', () => {
    expect(past({})).toMatchObject({ direction: 'inbound', sender: 'user', conversationId: '42:55', backfill: true })
    expect(past({ from: '15550100' })).toMatchObject({
      direction: 'outbound',
      sender: 'agent',
      conversationId: '42:55',
    })
    expect(past({ type: 'revoke', revoke: { original_message_id: 'wamid.0' } })).toMatchObject({
      kind: 'deletion',
      messageId: 'wamid.0',
      backfill: true,
    })
    const media = change('history', { messages: [told({ type: 'image', image: {} })] })
    expect(theOnly('whatsapp', media)).toMatchObject({
      attachments: ['image'],
      conversationId: '42:55',
      backfill: true,
    })
  })

  it.each<[string, object, string[]]>([
    ['an opened chat', change('messages', { messages: [told({ type: 'request_welcome' })] }), ['handover']],
    ['a changed number', change('messages', { messages: [told({ type: 'system', system: {} })] }), ['system']],
    ['one who names nobody', change('messages', { messages: [told({ from: '', ...text })] }), ['unknown']],
    ['history that is not shared', change('history', { history: [{ errors: [{ code: 2593109 }] }] }), ['system']],
    ['lists of nothing', change('messages', { messages: [] }), ['empty']],
    ['echoes of nothing', change('smb_message_echoes', { message_echoes: [] }), ['empty']],
    ['a field that is new', change('surprise', {}), ['unknown']],
    ['no entry', { entry: [] }, ['empty']],
    ['two receipts', change('messages', { statuses: [{ status: 'sent' }, { status: 'read' }] }), ['status', 'status']],
    ['preferences', change('user_preferences', {}), ['contact']],
    ['a business name', change('business_username_update', {}), ['account']],
  ])('ignores %s', (_name, body, ignored) =>
    expect(mapped('whatsapp', body)).toEqual({ events: [], ignored, failed: [] }),
  )

  it('is not what Meta sends of a page', () => {
    expect(() => mapped('whatsapp', { object: 'page', entry: [] })).toThrow(/not a delivery of this source/)
  })

  it('takes a referral that tells nothing for none', () => {
    const body = change('messages', { messages: [told({ referral: { source_url: '', ctwa_clid: '' }, ...text })] })
    expect(theOnly('whatsapp', body).referral).toBeNull()
  })

  it('loses nothing beside what is broken', () => {
    const messages = [null, 7, told({ id: { odd: 1 }, ...text }), told({ id: 'wamid.2', ...text })]
    const { events, failed } = mapped('whatsapp', change('messages', { messages }))
    expect(events.map(({ messageId }) => messageId)).toEqual([expect.stringMatching(/^derived:/), 'wamid.2'])
    expect(failed).toHaveLength(2)
  })
})

describe('Twilio’s form of WhatsApp', () => {
  const form = (fields: Record<string, string>) =>
    new URLSearchParams({
      MessageSid: 'SM1',
      From: 'whatsapp:+55',
      To: 'whatsapp:+1',
      WaId: '55',
      Body: 'oi',
      NumMedia: '0',
      ReferralCtwaClid: '',
      ...fields,
    }).toString()
  const contentType = 'application/x-www-form-urlencoded; charset=utf-8'
  const only = (fields: Record<string, string>) => theOnly('whatsapp', form(fields), { contentType })

  it('is known without its content type, and is not what no form looks like', () => {
    expect(theOnly('whatsapp', form({}), { contentType: null })).toMatchObject({ messageId: 'SM1', text: 'oi' })
    expect(() => mapped('whatsapp', 'hello', { contentType: null })).toThrow(/not JSON/)
    expect(() => mapped('line', form({}), { contentType: null })).toThrow(/not JSON/)
  })

  it.each<[string, Record<string, string>, object]>([
    [
      'a text',
      {},
      {
        accountId: 'account-1',
        conversationId: 'account-1:55',
        messageId: 'SM1',
        text: 'oi',
        textOrigin: 'typed',
        referral: null,
      },
    ],
    ['a person by the sender alone', { WaId: '' }, { conversationId: 'account-1:55' }],
    [
      'a picture',
      { NumMedia: '1', MediaContentType0: 'image/jpeg' },
      { attachments: ['image'], textOrigin: 'caption' },
    ],
    [
      'a voice message',
      { Body: '', MediaContentType0: 'audio/ogg; codecs=opus' },
      { attachments: ['audio'], text: null },
    ],
    ['a file', { Body: '', MediaContentType0: 'application/pdf' }, { attachments: ['document'] }],
    ['a card', { Body: '', MediaContentType0: 'text/vcard' }, { attachments: ['contact'] }],
    ['a place', { Body: '', Latitude: '1', Longitude: '2' }, { attachments: ['location'] }],
    ['a tapped button', { ButtonText: 'Sim', ButtonPayload: 'YES' }, { text: 'Sim', textOrigin: 'button' }],
    ['an order', { Body: '', MessageType: 'order' }, { attachments: ['order'] }],
    ['what is not supported', { Body: '', MessageType: 'unsupported' }, { attachments: ['other'] }],
    [
      'an ad',
      { ReferralSourceType: 'ad', ReferralSourceId: '9', ReferralSourceUrl: 'https://fb.example/9' },
      { referral: { source: 'meta_ad', adId: '9', url: 'https://fb.example/9', clickId: null } },
    ],
  ])('reads %s', (_name, fields, expected) => expect(only(fields)).toMatchObject(expected))

  it.each<[string, Record<string, string>, string]>([
    ['a receipt', { MessageStatus: 'read', Body: '' }, 'status'],
    ['a reaction', { MessageType: 'reaction', Body: '👍' }, 'reaction'],
    ['a message of nothing', { Body: '' }, 'empty'],
  ])('ignores %s', (_name, fields, reason) =>
    expect(mapped('whatsapp', form(fields), { contentType }).ignored).toEqual([reason]),
  )
})
