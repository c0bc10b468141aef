/** Bodies with which one account could try to speak for another, for every source, and how each is signed. */
import { createHash, createHmac } from 'node:crypto'
import { messageEvent, noon } from './builders.ts'
import { line, lineMessage, meta, metaItem, zalo } from './channel-bodies.ts'
import { blip, haravan, pancake, zwiz } from './partner-bodies.ts'

export const attackersSecret = 'the secret of A'
export const forgedSeconds = Math.floor(noon / 1000)
export type Sign = (body: string, secret: string) => Record<string, string>

export const hmacOf = (text: string, secret: string, encoding: 'hex' | 'base64') =>
  createHmac('sha256', secret).update(text).digest(encoding)
export const byMeta: Sign = (body, secret) => ({ 'x-hub-signature-256': `sha256=${hmacOf(body, secret, 'hex')}` })
const byKey: Sign = (_body, secret) => ({ 'x-signals-key': secret })

const whatsappChange = (account: string) => ({
  field: 'messages',
  value: {
    metadata: { phone_number_id: account },
    messages: [
      { from: '1', id: `wamid.${account}`, timestamp: String(forgedSeconds), type: 'text', text: { body: 'pago' } },
    ],
  },
})
const whatsapp = (...accounts: string[]) => ({
  object: 'whatsapp_business_account',
  entry: [{ id: '1', changes: accounts.map(whatsappChange) }],
})
export const tiktokBody = (account: string, event = 'im_receive_msg', content: object = {}) => ({
  client_key: 'app',
  event,
  create_time: forgedSeconds,
  user_openid: account,
  content: JSON.stringify({
    ...{ conversation_id: 'c', message_id: 'm', timestamp: noon, type: 'text', text: { body: 'pago' } },
    ...{ from_user: { id: 'p', role: 'personal_account' }, to_user: { id: account, role: 'business_account' } },
    ...content,
  }),
})
const messenger = (...accounts: string[]) => ({
  object: 'page',
  entry: accounts.map((account) => ({ ...meta('page', [metaItem()]).entry[0], id: account })),
})
const event = (accountId: string) => messageEvent({ source: 'halosis', accountId, messageId: `m-${accountId}` })
const zaloText = (account: string, fields: object = {}) =>
  zalo('user_send_text', undefined, { recipient: { id: account }, ...fields })

export interface ForgingCase {
  readonly source: string
  readonly sign: Sign
  /** Honest bodies of an account, with the headers that belong to them. */
  readonly body: (account: string) => object
  readonly headers?: (account: string) => Record<string, string>
  /** Bodies that name A somewhere, and that a mapping might read as B's. */
  readonly tricks?: readonly object[]
  readonly trickHeaders?: Record<string, string>
}

export const forgingCases: readonly ForgingCase[] = [
  {
    source: 'whatsapp',
    sign: byMeta,
    body: whatsapp,
    tricks: [
      whatsapp('A', 'B'),
      whatsapp('B', 'A'),
      whatsapp(...Array.from({ length: 150 }, () => 'A'), 'B'),
      whatsapp(...Array.from({ length: 1_200 }, (_, n) => `x${n}`), 'B', 'A'),
      { ...whatsapp('A'), entry: [{ changes: [whatsappChange('A')] }, { changes: [whatsappChange('B')] }] },
      { ...whatsapp('A'), MessageSid: 's', WaId: '1', Body: 'pago', To: 'whatsapp:B', From: 'whatsapp:1' },
      { ...whatsapp('B'), MessageSid: 's', WaId: '1', Body: 'pago', To: 'whatsapp:A', From: 'whatsapp:1' },
    ],
  },
  { source: 'messenger', sign: byMeta, body: messenger, tricks: [messenger('A', 'B'), messenger('B', 'A')] },
  {
    source: 'line',
    sign: (body, secret) => ({ 'x-line-signature': hmacOf(body, secret, 'base64') }),
    body: (account) => ({ ...line(lineMessage()), destination: account }),
  },
  {
    source: 'tiktok',
    sign: (body, secret) => ({
      'tiktok-signature': `t=${forgedSeconds},s=${hmacOf(`${forgedSeconds}.${body}`, secret, 'hex')}`,
    }),
    body: tiktokBody,
    tricks: [tiktokBody('B', 'im_receive_msg', { to_user: { id: 'A', role: 'business_account' } })],
  },
  {
    source: 'pancake',
    sign: byKey,
    body: (account) => pancake({ page_id: account }, { page_id: account }),
    tricks: [
      pancake({ page_id: 'A' }, { page_id: 'B' }),
      pancake({ page_id: 'B' }, { page_id: 'A' }),
      pancake({ page_id: 'A' }, { page_id: undefined, account: 'B' }),
    ],
  },
  {
    source: 'zwiz',
    sign: byKey,
    body: (account) => zwiz({}, { pageId: account }),
    tricks: [{ ...zwiz({}, { pageId: 'B' }), pageId: 'A' }],
  },
  {
    source: 'zalo',
    sign: (body, secret) => ({
      'x-zevent-signature': `mac=${createHash('sha256').update(`11${body}${noon}${secret}`).digest('hex')}`,
    }),
    body: zaloText,
    tricks: [
      zaloText('B', { sender: { id: 'A' } }),
      zaloText('B', { oa_id: 'A' }),
      zaloText('B', { sender: { id: 'A' }, oa_id: 'A' }),
      zalo('oa_send_text', undefined, { sender: { id: 'B' }, recipient: { id: 'A' }, oa_id: 'A' }),
      zalo('user_send_group_text', undefined, { sender: { id: 'A' }, recipient: { id: 'A' }, oa_id: 'B' }),
      zalo('shop_has_order', undefined, {
        oa_id: 'B',
        recipient: { id: 'A' },
        customer: { id: 'p' },
        order: { id: 1 },
      }),
    ],
  },
  {
    source: 'blip',
    sign: byKey,
    body: (account) => blip({ to: `${account}/instance` }),
    tricks: [
      blip({ to: 'b@msging.net', ownerIdentity: 'a@msging.net' }),
      blip({ to: 'a@msging.net' }, { '#tunnel.owner': 'b@msging.net', '#tunnel.originator': 'p@wa.gw.msging.net' }),
      blip({ to: 'b@msging.net' }, { '#tunnel.owner': 'a@msging.net', '#tunnel.originator': 'p@wa.gw.msging.net' }),
      blip({ from: 'b@msging.net', to: 'a@msging.net' }),
      blip({ from: 'a@msging.net/x@tunnel.msging.net/p%40wa.gw.msging.net', to: 'b@msging.net' }),
    ],
  },
  {
    source: 'haravan',
    sign: (body, secret) => ({ 'x-haravan-hmacsha256': hmacOf(body, secret, 'base64') }),
    body: () => haravan(),
    headers: (account) => ({ 'x-haravan-org-id': account, 'x-haravan-topic': 'orders/create' }),
    tricks: [haravan({ org_id: 'A' })],
    trickHeaders: { 'x-haravan-org-id': 'B', 'x-haravan-topic': 'orders/create' },
  },
  {
    source: 'halosis',
    sign: byKey,
    body: event,
    tricks: [
      [event('A'), event('B')],
      { events: [event('A'), event('B')] },
      { ...event('A'), events: [event('B')] },
      { ...event('B'), events: [event('A')] },
      { accountId: 'A', events: [event('B')] },
      [event('B')],
    ],
  },
]

/** Blip's accounts are addresses. */
export const accountNamed = (source: string, account: string) =>
  source === 'blip' ? `${account.toLowerCase()}@msging.net` : account
