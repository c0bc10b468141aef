/** Builders of small webhook bodies of the channels, made up by their public rules. Tests pass the variations. */
import { noon } from './builders.ts'

const seconds = Math.floor(noon / 1000)

/** An item of a page's `messaging`; a text by default. */
export const metaItem = (fields: object = { message: { mid: 'm-1', text: 'oi' } }) => ({
  sender: { id: 'person' },
  recipient: { id: 'page' },
  timestamp: noon,
  ...fields,
})

export const metaEcho = (message: object) => ({
  sender: { id: 'page' },
  recipient: { id: 'person' },
  timestamp: noon,
  message: { mid: 'm-2', is_echo: true, ...message },
})

export const meta = (object: 'page' | 'instagram', items: readonly object[], under = 'messaging') => ({
  object,
  entry: [{ id: 'page', time: noon + 100, [under]: items }],
})

export const line = (...events: readonly object[]) => ({
  destination: 'Ubot',
  events: events.map((event) => ({
    type: 'message',
    mode: 'active',
    timestamp: noon,
    webhookEventId: '01EVENT',
    deliveryContext: { isRedelivery: false },
    source: { type: 'user', userId: 'Uperson' },
    ...event,
  })),
})

export const lineMessage = (message: object = {}, event: object = {}) => ({
  message: { id: '500', type: 'text', text: 'สวัสดี', ...message },
  ...event,
})

export const telegramMessage = (fields: object = { text: 'halo' }) => ({
  message_id: 7,
  from: { id: 23, is_bot: false },
  chat: { id: 23, type: 'private' },
  date: seconds,
  ...fields,
})

export const telegram = (fields: object) => ({ update_id: 900, ...fields })

export const zaloBot = (event: string, message: object | undefined = { text: 'chào' }) => ({
  event_name: event,
  ...(message && {
    message: { message_id: 'b-1', from: { id: 'person' }, chat: { id: 'person' }, date: noon, ...message },
  }),
})

/** A change of WhatsApp's under one field. */
export const whatsapp = (field: string | undefined, value: object) => ({
  object: 'whatsapp_business_account',
  entry: [
    {
      id: 'waba',
      changes: [
        { field, value: { metadata: { phone_number_id: '42', display_phone_number: '+1 555-0100' }, ...value } },
      ],
    },
  ],
})

export const whatsappMessage = (fields: object = { type: 'text', text: { body: 'oi' } }) => ({
  id: 'wamid.1',
  from: '55',
  timestamp: String(seconds),
  ...fields,
})

export const twilioConversations = (fields: object = {}) => ({
  EventType: 'onMessageAdded',
  AccountSid: 'AC1',
  ConversationSid: 'CH1',
  MessageSid: 'IM1',
  Author: 'whatsapp:+5511',
  Source: 'WHATSAPP',
  Body: 'oi',
  DateCreated: new Date(seconds * 1000).toISOString(),
  ...fields,
})

export const zalo = (event: string, message: object = { msg_id: 'z-1', text: 'chào' }, fields: object = {}) => {
  const isOut = event.startsWith('oa_')
  return {
    app_id: '11',
    event_name: event,
    sender: { id: isOut ? 'oa' : 'person' },
    recipient: { id: isOut ? 'person' : 'oa' },
    timestamp: String(noon),
    message,
    ...fields,
  }
}
