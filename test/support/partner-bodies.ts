/** Builders of small webhook bodies of the partners, made up by their public rules. Tests pass the variations. */
import { noon } from './builders.ts'

export const seconds = Math.floor(noon / 1000)
const iso = new Date(seconds * 1000).toISOString()

export const blip = (fields: object = {}, metadata: object = {}) => ({
  id: 'wamid.b1',
  from: '5511900000001@wa.gw.msging.net/phone',
  to: 'shop@msging.net/instance',
  type: 'text/plain',
  content: 'oi',
  metadata: { '#wa.timestamp': String(seconds), ...metadata },
  ...fields,
})

export const qiscus = (message: object = {}, fields: object = {}, from: object = {}) => ({
  app_code: 'app-1',
  type: 'post_comment_mobile',
  channel: { id: 1, source: 'wa' },
  payload: {
    from: { email: '628110001', ...from },
    message: { id: 0, unique_temp_id: 'wa_wamid.q1', type: 'text', text: 'halo', unix_timestamp: seconds, ...message },
    room: { id: 77, options: '{"source":"wa"}' },
  },
  ...fields,
})

export const respondio = (content: object = {}, fields: object = {}, message: object = {}) => ({
  event_type: 'message.received',
  event_id: 'e-1',
  contact: { id: 5 },
  channel: { id: 9, source: 'whatsapp_cloud' },
  sender: { source: 'contact' },
  message: {
    messageId: 1_786_723_200_000_000,
    channelMessageId: 'wamid.r1',
    channelId: 9,
    traffic: 'incoming',
    timestamp: seconds * 1000,
    message: { type: 'text', text: 'hola', ...content },
    ...message,
  },
  ...fields,
})

export const pancake = (message: object = {}, fields: object = {}) => ({
  event_type: 'messaging',
  page_id: '1001',
  data: {
    conversation: { id: '1001_2002', type: 'INBOX' },
    message: {
      id: 'm_1',
      conversation_id: '1001_2002',
      page_id: '1001',
      type: 'INBOX',
      from: { id: '2002' },
      inserted_at: iso.replace('Z', ''),
      original_message: 'giá bao nhiêu?',
      message: '<div>giá bao nhiêu?</div>',
      attachments: [],
      ...message,
    },
  },
  ...fields,
})

export const haravanHeaders = { 'x-haravan-org-id': '900', 'x-haravan-topic': 'orders/create' }
export const haravan = (fields: object = {}) => ({
  id: 4711,
  created_at: iso,
  updated_at: iso,
  landing_site: '/products/a?ttclid=E.C.P.x&utm_source=tiktok',
  referring_site: 'https://www.tiktok.com/',
  line_items: [],
  note_attributes: [],
  ...fields,
})

export const zwiz = (message: object = {}, source: object = {}) => ({
  eventId: 'evt-1',
  timestamp: iso,
  source: { channel: 'LINE', pageId: 'page-1', senderId: 'u-1', ...source },
  message: { messageId: 'm-1', type: 'TEXT', text: 'สวัสดี', ...message },
})

export const examplePartner = (...items: object[]) => ({
  delivery: { sent_at: String(seconds) },
  batches: [
    {
      page: { id: 'page-1', app: 'FB' },
      threads: [
        {
          key: 't',
          items: items.map((item) => ({
            uid: 'i-1',
            type: 'chat',
            from: 'p',
            sent: String(seconds),
            body: '',
            ...item,
          })),
        },
      ],
    },
  ],
})
