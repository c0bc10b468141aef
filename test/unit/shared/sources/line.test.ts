import { noon } from '../../../support/builders.ts'
import { line, lineMessage } from '../../../support/channel-bodies.ts'
import { mapped, theOnly } from '../../../support/deliveries.ts'

const event = (fields: object) => theOnly('line', line(fields))

describe('the mapping of LINE', () => {
  it.each<[string, object, object]>([
    [
      'a text',
      lineMessage(),
      {
        accountId: 'Ubot',
        conversationId: 'Ubot:Uperson',
        messageId: '500',
        kind: 'message',
        direction: 'inbound',
        sender: 'user',
        occurredAt: noon,
        text: 'สวัสดี',
        textOrigin: 'typed',
        revision: null,
      },
    ],
    [
      'a text while another module answers',
      lineMessage({}, { mode: 'standby' }),
      { kind: 'message', conversationId: 'Ubot:Uperson' },
    ],
    [
      'a group by its own id',
      lineMessage({}, { source: { type: 'group', groupId: 'C1', userId: 'U1' } }),
      { conversationId: 'Ubot:C1', sender: 'user' },
    ],
    ['a room without a person', lineMessage({}, { source: { roomId: 'R1' } }), { conversationId: 'Ubot:R1' }],
    [
      'a file',
      lineMessage({ type: 'file', text: undefined, fileName: 'a.pdf' }),
      { attachments: ['document'], text: null },
    ],
    [
      'a place, of which nothing is typed',
      lineMessage({ type: 'location', text: undefined, title: 'home' }),
      { text: null },
    ],
    [
      'the words on a message sticker',
      lineMessage({ type: 'sticker', text: 'จ่ายแล้ว' }),
      { attachments: ['sticker'], text: 'จ่ายแล้ว' },
    ],
    ['a type that is new', lineMessage({ type: 'hologram', text: undefined }), { attachments: ['other'] }],
    [
      'an edit under the id of what it changes',
      lineMessage({ text: 'ใหม่' }, { type: 'messageEdited' }),
      { kind: 'edit', messageId: '500', revision: '01EVENT', text: 'ใหม่' },
    ],
    [
      'an unsent message',
      { type: 'unsend', unsend: { messageId: '500' } },
      { kind: 'deletion', messageId: '500', text: null, attachments: [] },
    ],
    [
      'a tap by the id of the event, its data unread',
      { type: 'postback', postback: { data: 'buy=1', params: { date: '2026-01-01' } } },
      { kind: 'message', messageId: '01EVENT', text: null, textOrigin: null, attachments: [] },
    ],
  ])('reads %s', (_name, fields, expected) => expect(event(fields)).toMatchObject(expected))

  it('takes the account from the address where the body names none', () => {
    const { events } = mapped('line', { ...line(lineMessage()), destination: undefined }, { account: 'bot-2' })
    expect(events[0]).toMatchObject({ accountId: 'bot-2', conversationId: 'bot-2:Uperson' })
  })

  it.each<[string, string]>([
    ['follow', 'contact'],
    ['unfollow', 'contact'],
    ['membership', 'contact'],
    ['join', 'group'],
    ['memberLeft', 'group'],
    ['accountLink', 'account'],
    ['module', 'account'],
    ['botSuspended', 'account'],
    ['activated', 'handover'],
    ['deactivated', 'handover'],
    ['beacon', 'presence'],
    ['videoPlayComplete', 'track'],
    ['delivery', 'status'],
    ['undefined', 'unknown'],
  ])('ignores %s as %s', (type, reason) =>
    expect(mapped('line', line({ type }))).toEqual({ events: [], ignored: [reason], failed: [] }),
  )

  it('fails an item without a message or a person, and maps its neighbours', () => {
    const body = line({ source: undefined, ...lineMessage() }, { type: 'message' }, { type: 'unsend' }, lineMessage())
    const { events, failed } = mapped('line', { ...body, events: [...body.events, null] })
    expect(events).toHaveLength(1)
    expect(failed.map(({ rule }) => rule)).toEqual(['message', 'message', 'deletion', 'event'])
  })

  it('takes the console’s check of the address for an empty delivery', () => {
    expect(mapped('line', line()).ignored).toEqual(['empty'])
  })
})
