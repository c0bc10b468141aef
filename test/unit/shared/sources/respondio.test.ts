import { mapped, theOnly } from '../../../support/deliveries.ts'
import { respondio, seconds } from '../../../support/partner-bodies.ts'

describe('the Respond.io mapping', () => {
  it.each<[string, object, object]>([
    [
      'a text',
      respondio(),
      {
        accountId: 'account-1',
        channel: 'whatsapp',
        conversationId: '5:9',
        messageId: '1786723200000000',
        channelMessageId: 'wamid.r1',
        occurredAt: seconds * 1000,
      },
    ],
    ['a time in seconds', respondio({}, {}, { timestamp: seconds }), { occurredAt: seconds * 1000 }],
    [
      'the note of an order',
      respondio({ type: 'whatsapp_order', text: undefined, order: { text: 'por favor' } }),
      { attachments: ['order'], text: 'por favor', textOrigin: 'typed' },
    ],
    [
      'a template by its body',
      respondio(
        {
          type: 'whatsapp_template',
          text: undefined,
          template: { components: [{ type: 'body', text: 'Hola {{1}}' }] },
        },
        { event_type: 'message.sent', sender: { source: 'broadcast' } },
      ),
      { attachments: [], text: 'Hola {{1}}', textOrigin: 'template' },
    ],
    [
      'a template without one',
      respondio({ type: 'whatsapp_template', text: undefined, template: { name: 't' } }),
      { attachments: ['other'], text: null },
    ],
    [
      'what is made for one channel only',
      respondio({ type: 'custom_payload', text: undefined, payload: {} }),
      { attachments: ['other'], text: null },
    ],
    [
      'a tapped button',
      respondio({ type: 'whatsapp_interactive', text: undefined, interactive: { list_reply: { title: 'Talla M' } } }),
      { text: 'Talla M', textOrigin: 'button', attachments: [] },
    ],
    [
      'a file',
      respondio({ type: 'attachment', text: undefined, attachment: { type: 'file', mimeType: 'application/pdf' } }),
      { attachments: ['document'], text: null },
    ],
    [
      'a workflow’s message',
      respondio({}, { event_type: 'message.sent', sender: { source: 'workflow' } }),
      { direction: 'outbound', sender: 'bot', textOrigin: 'automatic' },
    ],
    [
      'an agent’s message',
      respondio({}, { event_type: 'message.sent', sender: { source: 'user' } }),
      { direction: 'outbound', sender: 'agent', textOrigin: 'typed' },
    ],
    [
      'a conversation that an ad opened as a referral',
      {
        event_type: 'conversation.opened',
        contact: { id: 5 },
        conversation: { source: 'ctc_ads', conversationOpenedAt: seconds, firstIncomingMessageChannelId: 9 },
      },
      { kind: 'referral', conversationId: '5:9', occurredAt: seconds * 1000, referral: { source: 'other' } },
    ],
  ])('reads %s', (_name, body, expected) => expect(theOnly('respondio', body)).toMatchObject(expected))

  it.each([
    ['comment.created', 'internal_note'],
    ['conversation.closed', 'handover'],
    ['conversation.opened', 'handover'],
    ['contact.updated', 'contact'],
    ['call.ended', 'call'],
    ['something.new', 'unknown'],
  ])('ignores %s as %s', (event, reason) =>
    expect(mapped('respondio', { event_type: event, contact: { id: 1 } }).ignored).toEqual([reason]),
  )
})
