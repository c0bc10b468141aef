import { noon } from '../../../support/builders.ts'
import { mapped, theOnly } from '../../../support/deliveries.ts'

const seconds = String(Math.floor(noon / 1000))
const metadata = { phone_number_id: '42', display_phone_number: '+1 555-0100' }
const change = (field: string | undefined, value: object) => ({
  object: 'whatsapp_business_account',
  entry: [{ changes: [{ field, value: { metadata, ...value } }] }],
})
const rawMessage = (fields: object) => ({ id: 'wamid.1', from: '55', timestamp: seconds, ...fields })
const text = { type: 'text', text: { body: 'oi' } }
const inbound = (fields: object, value: object = {}) =>
  theOnly('whatsapp', change('messages', { messages: [rawMessage(fields)], ...value }))
const echo = (fields: object, field = 'smb_message_echoes') =>
  theOnly('whatsapp', change(field, { message_echoes: [rawMessage({ from: '15550100', to: '55', ...fields })] }))
const past = (fields: object, thread: object = { id: '55' }) =>
  theOnly(
    'whatsapp',
    change('history', { history: [{ threads: [{ ...thread, messages: [rawMessage({ ...text, ...fields })] }] }] }),
  )

const received = (...messages: object[]) =>
  change('messages', { messages: messages.map((message) => ({ from: '5215550001', timestamp: seconds, ...message })) })

describe('messages of WhatsApp', () => {
  it('reads a text', () => {
    const { events, ignored, failed } = mapped(
      'whatsapp',
      received({ id: 'wamid.1', type: 'text', text: { body: 'hola' } }),
    )
    expect({ events, ignored, failed }).toEqual({
      events: [
        {
          source: 'whatsapp',
          accountId: '42',
          channel: 'whatsapp',
          conversationId: '42:5215550001',
          messageId: 'wamid.1',
          kind: 'message',
          direction: 'inbound',
          sender: 'user',
          occurredAt: Number(seconds) * 1000,
          timeSource: 'event',
          text: 'hola',
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
        },
      ],
      ignored: [],
      failed: [],
    })
  })

  it.each<[string, object, object]>([
    [
      'a caption',
      { type: 'image', image: { caption: 'esto' } },
      { text: 'esto', textOrigin: 'caption', attachments: ['image'] },
    ],
    [
      'a tapped button',
      { type: 'button', button: { text: 'Sí', payload: 'YES' } },
      { text: 'Sí', textOrigin: 'button', attachments: [] },
    ],
    [
      'a list choice',
      { type: 'interactive', interactive: { type: 'list_reply', list_reply: { id: 'x', title: 'Rojo' } } },
      { text: 'Rojo', textOrigin: 'button' },
    ],
    [
      'a submitted form',
      { type: 'interactive', interactive: { nfm_reply: { response_json: '{"a":1}' } } },
      { text: '{"a":1}', textOrigin: 'form' },
    ],
    ['an unknown type', { type: 'hologram' }, { text: null, attachments: ['other'] }],
    ['a voice message', { type: 'audio', audio: { id: '1' } }, { text: null, attachments: ['audio'] }],
    [
      'an ad of Meta',
      {
        type: 'text',
        text: { body: 'x' },
        referral: { source_type: 'ad', source_id: '6', ctwa_clid: 'A', source_url: 'https://fb.me/x' },
      },
      {
        referral: { source: 'meta_ad', ref: null, adId: '6', advertiserId: null, clickId: 'A', url: 'https://fb.me/x' },
      },
    ],
    [
      'an unreadable time',
      { type: 'text', text: { body: 'x' }, timestamp: 'soon' },
      { timeSource: 'received', occurredAt: noon },
    ],
    [
      'a business-scoped id beside the number',
      { type: 'text', text: { body: 'x' }, from_user_id: 'MX.9' },
      { aliases: ['42:MX.9'] },
    ],
    [
      'an edit',
      { type: 'edit', edit: { original_message_id: 'wamid.0', message: { type: 'text', text: { body: 'y' } } } },
      { kind: 'edit', messageId: 'wamid.0', revision: 'wamid.x', text: 'y' },
    ],
    [
      'a revoke',
      { type: 'revoke', revoke: { original_message_id: 'wamid.0' } },
      { kind: 'deletion', messageId: 'wamid.0', text: null },
    ],
  ])('reads %s', (_name, message, expected) => {
    expect(mapped('whatsapp', received({ id: 'wamid.x', ...message })).events).toEqual([
      expect.objectContaining(expected),
    ])
  })

  it.each<[string, object, string]>([
    ['a status', change('messages', { statuses: [{ id: '1', status: 'read' }] }), 'status'],
    ['a reaction', received({ id: '1', type: 'reaction', reaction: { emoji: 'x' } }), 'reaction'],
    ['a changed number', received({ id: '1', type: 'system', system: {} }), 'system'],
    ['a call', change('calls', { calls: [{}] }), 'call'],
    ['a template’s fate', change('message_template_status_update', { event: 'APPROVED' }), 'template'],
    ['an unknown field', change('telepathy', {}), 'unknown'],
    ['a delivery without items', { object: 'whatsapp_business_account', entry: [] }, 'empty'],
    ['a text without words', received({ id: '1', type: 'text', text: { body: '' } }), 'empty'],
  ])('ignores %s', (_name, body, reason) => {
    expect(mapped('whatsapp', body)).toEqual({ events: [], ignored: [reason], failed: [] })
  })

  it('ignores a message without a person, and only that one', () => {
    const { events, ignored } = mapped(
      'whatsapp',
      received(
        { id: '1', from: '', type: 'text', text: { body: 'x' } },
        { id: '2', type: 'text', text: { body: 'y' } },
      ),
    )
    expect(events.map(({ messageId }) => messageId)).toEqual(['2'])
    expect(ignored).toEqual(['unknown'])
  })

  it('fails an item that is not a message, and only that one', () => {
    const body = change('messages', {
      messages: ['x', { id: '2', from: '1', timestamp: '1', type: 'text', text: { body: 'y' } }],
    })
    const { events, failed } = mapped('whatsapp', body)
    expect(events.map(({ messageId }) => messageId)).toEqual(['2'])
    expect(failed).toEqual([{ rule: 'message', reason: 'message.group_id or person is missing' }])
  })

  it('derives the same id for the same item, and another for another', () => {
    const ids = ['x', 'x', 'y'].map(
      (body) => mapped('whatsapp', received({ id: '', type: 'text', text: { body } })).events[0]?.messageId,
    )
    expect(ids[0]).toMatch(/^derived:[0-9a-f]{32}$/)
    expect(ids[1]).toBe(ids[0])
    expect(ids[2]).not.toBe(ids[0])
  })
})

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
    ['an order', { type: 'order', order: { text: '' } }, { attachments: ['order'], text: null }],
    ['what WhatsApp does not support', { type: 'unsupported', errors: [{ code: 131051 }] }, { attachments: ['other'] }],
    ['an id that is none', { id: '0', ...text }, { messageId: expect.stringMatching(/^derived:/) }],
    ['a time as a number of milliseconds', { timestamp: noon, ...text }, { occurredAt: noon, timeSource: 'event' }],
    [
      'a click on an ad of unknown kind',
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

  it('reads the other id from the profile of the same person only', () => {
    const contacts = [{ wa_id: '55', user_id: 'US.7' }]
    expect(inbound(text, { contacts })?.aliases).toEqual(['42:US.7'])
    expect(inbound({ from: undefined, from_user_id: 'US.7', ...text }, { contacts })?.aliases).toEqual(['42:55'])
    expect(inbound({ from: '66', ...text }, { contacts })?.aliases).toEqual([])
  })

  it('reads messages written in the app on the business’s phone', () => {
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

  it('reads standby messages while another program answers', () => {
    expect(theOnly('whatsapp', change('standby', { messages: [rawMessage(text)] }))).toMatchObject({
      direction: 'inbound',
    })
    expect(echo(text, 'standby')).toMatchObject({ direction: 'outbound', sender: 'bot', textOrigin: 'automatic' })
    expect(mapped('whatsapp', change('standby', { statuses: [{}] })).ignored).toEqual(['status'])
  })

  it('reads history by its author, for any spelling of the business’s number', () => {
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
    const media = change('history', { messages: [rawMessage({ type: 'image', image: {} })] })
    expect(theOnly('whatsapp', media)).toMatchObject({
      attachments: ['image'],
      conversationId: '42:55',
      backfill: true,
    })
  })

  it.each<[string, object, string[]]>([
    ['an opened chat', change('messages', { messages: [rawMessage({ type: 'request_welcome' })] }), ['handover']],
    ['a changed number', change('messages', { messages: [rawMessage({ type: 'system', system: {} })] }), ['system']],
    ['a message without a person', change('messages', { messages: [rawMessage({ from: '', ...text })] }), ['unknown']],
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

  it('is not a delivery of a page', () => {
    expect(() => mapped('whatsapp', { object: 'page', entry: [] })).toThrow(/not a delivery of this source/)
  })

  it('treats an empty referral as none', () => {
    const body = change('messages', {
      messages: [rawMessage({ referral: { source_url: '', ctwa_clid: '' }, ...text })],
    })
    expect(theOnly('whatsapp', body).referral).toBeNull()
  })

  it('maps the neighbours of broken items', () => {
    const messages = [null, 7, rawMessage({ id: { odd: 1 }, ...text }), rawMessage({ id: 'wamid.2', ...text })]
    const { events, failed } = mapped('whatsapp', change('messages', { messages }))
    expect(events.map(({ messageId }) => messageId)).toEqual([expect.stringMatching(/^derived:/), 'wamid.2'])
    expect(failed).toHaveLength(2)
  })
})
