/** Invented webhook requests in the form and with the signature of their source, for the demo and for tests. */
import { createHmac } from 'node:crypto'

export const whatsappAccount = '204400000000001'
export const whatsappSecret = 'whatsapp app secret'
export const tiktokAccount = 'biz_e2e_1'
export const tiktokSecret = 'tiktok app secret'
export const haravanShop = '100300'
export const haravanSecret = 'haravan app secret'

export interface Request {
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string
}

const seconds = (ms: number) => Math.floor(ms / 1000)

export const whatsapp = (message: object, account = whatsappAccount): Request => {
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550001111', phone_number_id: account },
    messages: [message],
  }
  const body = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ id: '1', changes: [{ field: 'messages', value }] }],
  })
  const signature = createHmac('sha256', whatsappSecret).update(body).digest('hex')
  return {
    path: '/webhooks/whatsapp',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    body,
  }
}

export const whatsappText = (from: string, id: string, text: string, at: number, account?: string): Request =>
  whatsapp({ from, id, timestamp: String(seconds(at)), type: 'text', text: { body: text } }, account)

export const tiktok = (event: string, content: object, at: number): Request => {
  const body = JSON.stringify({
    client_key: 'app',
    event,
    create_time: seconds(at),
    user_openid: tiktokAccount,
    content: JSON.stringify(content),
  })
  const t = seconds(Date.now())
  const s = createHmac('sha256', tiktokSecret).update(`${t}.${body}`).digest('hex')
  return {
    path: '/webhooks/tiktok',
    headers: { 'content-type': 'application/json', 'tiktok-signature': `t=${t},s=${s}` },
    body,
  }
}

export const tiktokText = (conversation: string, id: string, text: string, at: number): Request =>
  tiktok(
    'im_receive_msg',
    {
      conversation_id: conversation,
      message_id: id,
      timestamp: at,
      type: 'text',
      text: { body: text },
      from_user: { id: 'user_1', role: 'personal_account' },
    },
    at,
  )

export const tiktokReferral = (conversation: string, adId: string, at: number): Request =>
  tiktok(
    'im_referral_msg',
    {
      conversation_id: conversation,
      timestamp: at,
      from_user: { id: 'user_1' },
      referral: { source: 'ad', ad: { ad_id: adId, advertiser_id: '7' } },
    },
    at,
  )

/** A message event as a shop's own system posts it. */
export const messageEvent = (token: string, event: object): Request => ({
  path: '/v1/message-events',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
  body: JSON.stringify(event),
})

/** What a shop's system reports of a WhatsApp conversation. */
export const whatsappReport = (
  token: string,
  from: string,
  messageId: string,
  at: number,
  fields: { readonly kind: 'outcome' | 'order'; readonly outcome: object },
): Request =>
  messageEvent(token, {
    ...{ source: 'whatsapp', accountId: whatsappAccount, channel: 'whatsapp', messageId, occurredAt: at },
    conversationId: `${whatsappAccount}:${from}`,
    ...(fields.kind === 'outcome'
      ? { direction: 'outbound', sender: 'agent' }
      : { direction: 'inbound', sender: 'user' }),
    ...fields,
  })

/** An order webhook; the shop sends one for every change, with a later `updatedAt`. */
export const haravanOrder = (id: number, createdAt: number, updatedAt: number, landingSite: string): Request => {
  const body = JSON.stringify({
    id,
    order_number: `#${id}`,
    created_at: new Date(createdAt).toISOString(),
    updated_at: new Date(updatedAt).toISOString(),
    financial_status: 'paid',
    landing_site: landingSite,
    line_items: [{ id: 1, quantity: 1 }],
  })
  const signature = createHmac('sha256', haravanSecret).update(body).digest('base64')
  return {
    path: '/webhooks/haravan',
    headers: {
      'content-type': 'application/json',
      'x-haravan-topic': 'orders/updated',
      'x-haravan-org-id': haravanShop,
      'x-haravan-hmacsha256': signature,
    },
    body,
  }
}
