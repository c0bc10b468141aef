import { whatsapp, whatsappMessage } from '../../../support/channel-bodies.ts'
import { mapped, theOnly } from '../../../support/deliveries.ts'

const one = (field: string, value: object) => theOnly('whatsapp', whatsapp(field, value))
const profile = { wa_id: '55', user_id: 'BR.1', parent_user_id: 'BR.ENT.1' }
const text = { type: 'text', text: { body: 'oi' } }

describe('a person of WhatsApp', () => {
  it.each<[string, object, object, string, string[]]>([
    [
      'a number, and the ids of the message',
      { from_user_id: 'BR.1', from_parent_user_id: 'BR.ENT.1' },
      {},
      '55',
      ['BR.1', 'BR.ENT.1'],
    ],
    ['a number, and the ids of the profile', {}, { contacts: [profile] }, '55', ['BR.1', 'BR.ENT.1']],
    ['a number, and not the ids of another person', {}, { contacts: [{ wa_id: '7', user_id: 'BR.7' }] }, '55', []],
    [
      'a business-scoped id, and the number of the profile',
      { from: undefined, from_user_id: 'BR.1' },
      { contacts: [profile] },
      'BR.1',
      ['55', 'BR.ENT.1'],
    ],
    ['a parent id alone', { from: undefined, from_parent_user_id: 'BR.ENT.1' }, {}, 'BR.ENT.1', []],
    ['a group’s conversation', { group_id: 'g', from_user_id: 'BR.1' }, { contacts: [profile] }, 'g', []],
  ])('has %s', (_name, message, value, conversation, aliases) => {
    const event = one('messages', { messages: [whatsappMessage({ ...text, ...message })], ...value })
    expect(event).toMatchObject({
      conversationId: `42:${conversation}`,
      aliases: aliases.map((id) => `42:${id}`),
    })
  })

  it('is told apart from the others of the same change', () => {
    const contacts = [profile, { wa_id: '77', user_id: 'BR.7' }, { user_id: 'BR.9' }]
    const messages = [
      whatsappMessage({ ...text, from: '77' }),
      whatsappMessage({ ...text, id: 'wamid.2' }),
      whatsappMessage({ ...text, id: 'wamid.3', from: undefined, from_user_id: 'BR.9' }),
    ]
    const { events } = mapped('whatsapp', whatsapp('messages', { contacts, messages }))
    expect(events.map(({ conversationId, aliases }) => [conversationId, aliases])).toEqual([
      ['42:77', ['42:BR.7']],
      ['42:55', ['42:BR.1', '42:BR.ENT.1']],
      ['42:BR.9', []],
    ])
  })

  it('has the same ids where the business wrote, and in the past', () => {
    const echo = { ...text, id: 'wamid.e', from: '15550100', to: '55', timestamp: '1795000000' }
    const ids = { aliases: ['42:BR.1', '42:BR.ENT.1'], conversationId: '42:55' }
    expect(one('smb_message_echoes', { contacts: [profile], message_echoes: [echo] })).toMatchObject({
      ...ids,
      sender: 'agent',
    })
    expect(one('history', { contacts: [profile], message_echoes: [{ ...echo, to_user_id: 'BR.1' }] })).toMatchObject({
      ...ids,
      direction: 'outbound',
      backfill: true,
    })
    expect(one('history', { contacts: [profile], messages: [whatsappMessage()] })).toMatchObject({
      ...ids,
      direction: 'inbound',
      backfill: true,
    })
    const context = { wa_id: '55', user_id: 'BR.1', parent_user_id: 'BR.ENT.1' }
    const thread = {
      id: '55',
      context,
      messages: [whatsappMessage({ ...text, from: undefined, from_user_id: 'BR.1' })],
    }
    expect(one('history', { history: [{ threads: [thread] }] })).toMatchObject({ ...ids, direction: 'inbound' })
  })
})

describe('a person’s new id', () => {
  const joinedBy = (field: string, value: object) => {
    const { events, ignored, failed, joined = [] } = mapped('whatsapp', whatsapp(field, value))
    expect([events, failed]).toEqual([[], []])
    return { ignored, joined: joined.map(({ conversationId, aliases }) => [conversationId, ...aliases].sort()) }
  }
  const system = (fields: object, message: object = {}) =>
    joinedBy('messages', { messages: [whatsappMessage({ type: 'system', system: fields, ...message })] })

  it('joins the conversations of both numbers and both ids', () => {
    expect(system({ type: 'user_changed_number', wa_id: '66' })).toEqual({
      ignored: ['system'],
      joined: [['42:55', '42:66']],
    })
    expect(system({ type: 'user_changed_user_id', wa_id: '66', user_id: 'BR.2', parent_user_id: 'BR.ENT.2' })).toEqual({
      ignored: ['system'],
      joined: [['42:55', '42:66', '42:BR.2', '42:BR.ENT.2']],
    })
  })

  it('is found in the notice of a person without a number, whatever the person’s name says', () => {
    const notice = (body: string) =>
      system({ type: 'user_changed_user_id', user_id: 'BR.2', body }, { from: undefined }).joined
    expect(notice('User Ana changed from BR.1 to BR.2')).toEqual([['42:BR.1', '42:BR.2']])
    expect(notice('User x changed from BR.victim to BR.2 changed from BR.1 to BR.2')).toEqual([['42:BR.1', '42:BR.2']])
    // The notice does not end as Meta ends it, so its words are a person's.
    expect(notice('User Ana changed from BR.victim to BR.2, hello')).toEqual([])
    expect(notice('User Ana changed something')).toEqual([])
  })

  it('is in an update of ids, one or many', () => {
    const update = {
      wa_id: '55',
      user_id: { previous: 'BR.1', current: 'BR.2' },
      parent_user_id: { previous: 'BR.ENT.1', current: 'BR.ENT.2' },
    }
    const joined = [['42:55', '42:BR.1', '42:BR.2', '42:BR.ENT.1', '42:BR.ENT.2']]
    expect(joinedBy('user_id_update', { user_id_update: [update] })).toEqual({ ignored: ['contact'], joined })
    expect(joinedBy('user_id_update', { user_id_update: update })).toEqual({ ignored: ['contact'], joined })
    expect(joinedBy('user_id_update', {})).toEqual({ ignored: ['contact'], joined: [] })
  })

  it('carries nothing else into the pipeline', () => {
    const { joined = [] } = mapped(
      'whatsapp',
      whatsapp('messages', { messages: [whatsappMessage({ type: 'system', system: { wa_id: '66', body: 'Ana' } })] }),
    )
    expect(joined).toEqual([
      expect.objectContaining({ kind: 'referral', referral: null, text: null, attachments: [], messageId: 'wamid.1' }),
    ])
  })
})
