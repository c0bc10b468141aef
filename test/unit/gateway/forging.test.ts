/** One advertiser with a secret of its own speaks for another, on every source: what the gateway stores of it, and what ingest makes of that. */
import { createHash, createHmac } from 'node:crypto'
import type { RawDelivery } from '../../../services/shared/sources/index.ts'
import { messageEvent, noon } from '../../support/builders.ts'
import { line, lineMessage, meta, metaItem, zalo } from '../../support/channel-bodies.ts'
import { deliveryOf } from '../../support/deliveries.ts'
import { type GatewayWorld, openGatewayWorld } from '../../support/gateway-world.ts'
import { problemOf } from '../../support/http-status.ts'
import { messages, openIngest } from '../../support/ingest-world.ts'
import { blip, haravan, pancake, zwiz } from '../../support/partner-bodies.ts'

const attackersSecret = 'the secret of A'
const seconds = Math.floor(noon / 1000)
type Sign = (body: string, secret: string) => Record<string, string>

const hmac = (text: string, secret: string, encoding: 'hex' | 'base64') =>
  createHmac('sha256', secret).update(text).digest(encoding)
const byMeta: Sign = (body, secret) => ({ 'x-hub-signature-256': `sha256=${hmac(body, secret, 'hex')}` })
const byKey: Sign = (_body, secret) => ({ 'x-signals-key': secret })

const whatsappChange = (account: string) => ({
  field: 'messages',
  value: {
    metadata: { phone_number_id: account },
    messages: [{ from: '1', id: `wamid.${account}`, timestamp: String(seconds), type: 'text', text: { body: 'pago' } }],
  },
})
const whatsapp = (...accounts: string[]) => ({
  object: 'whatsapp_business_account',
  entry: [{ id: '1', changes: accounts.map(whatsappChange) }],
})
const tiktok = (account: string, event = 'im_receive_msg', content: object = {}) => ({
  client_key: 'app',
  event,
  create_time: seconds,
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

interface Case {
  readonly source: string
  readonly sign: Sign
  /** Honest bodies of an account, with the headers that belong to them. */
  readonly body: (account: string) => object
  readonly headers?: (account: string) => Record<string, string>
  /** Bodies that name A somewhere, and that a mapping might read as B's. */
  readonly tricks?: readonly object[]
  readonly trickHeaders?: Record<string, string>
}

const cases: readonly Case[] = [
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
    sign: (body, secret) => ({ 'x-line-signature': hmac(body, secret, 'base64') }),
    body: (account) => ({ ...line(lineMessage()), destination: account }),
  },
  {
    source: 'tiktok',
    sign: (body, secret) => ({ 'tiktok-signature': `t=${seconds},s=${hmac(`${seconds}.${body}`, secret, 'hex')}` }),
    body: tiktok,
    tricks: [tiktok('B', 'im_receive_msg', { to_user: { id: 'A', role: 'business_account' } })],
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
    sign: (body, secret) => ({ 'x-haravan-hmacsha256': hmac(body, secret, 'base64') }),
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
const named = (source: string, account: string) => (source === 'blip' ? `${account.toLowerCase()}@msging.net` : account)

describe.each(cases.map((one) => [one.source, one] as const))(
  '%s',
  (source, { sign, body, headers, tricks = [], ...more }) => {
    const [attacker, victim] = [named(source, 'A'), named(source, 'B')]

    const open = async (secretOfVictim?: string) => {
      const world = await openGatewayWorld({ [source]: ['the secret of the source'] })
      const ingest = await openIngest(world)
      for (const [accountId, secret] of [
        [attacker, attackersSecret],
        [victim, secretOfVictim],
      ] as const) {
        const fields = { connectionId: accountId, tenantId: accountId, source, accountId, reportOrders: true }
        world.connect({ ...fields, ...(secret === undefined ? {} : { secret }) })
        ingest.connect(fields)
      }
      return { world, ingest }
    }
    const signed = (content: object, secret: string, fields: Partial<RawDelivery> = {}): RawDelivery => {
      const text = JSON.stringify(content)
      return deliveryOf(source, text, {
        account: null,
        ...fields,
        headers: { ...fields.headers, ...sign(text, secret) },
      })
    }
    /** Connections that ingest would report for, of what the gateway stored. */
    const reached = async (
      world: GatewayWorld,
      ingest: Awaited<ReturnType<typeof openIngest>>,
      delivery: RawDelivery,
    ): Promise<string[]> => {
      const { stored } = world.accept(delivery)
      const records = stored.map(({ record }) => ingest.recordOf({ ...record, headers: record.headers ?? {} }))
      const all = await Promise.all(records.map((record) => ingest.run(record)))
      return messages(all.flat()).map(({ connectionId }) => connectionId)
    }

    it('takes what each account signs with its own secret, or with that of the source', async () => {
      const { world, ingest } = await open()
      const honest = (account: string, secret: string) =>
        reached(world, ingest, signed(body(account), secret, { headers: headers?.(account) ?? {} }))
      expect(await honest(attacker, attackersSecret)).toEqual([attacker])
      expect(await honest(victim, 'the secret of the source')).toEqual([victim])
    })

    it("does not take the source's secret for an account with its own", async () => {
      const { world } = await open()
      const delivery = signed(body(attacker), 'the secret of the source', { headers: headers?.(attacker) ?? {} })
      expect(problemOf(() => world.accept(delivery))).toMatchObject({ status: 401 })
    })

    it.each([
      ['without an account in the address', null, undefined],
      ["with the attacker's account in the address", 'attacker', undefined],
      ["with the victim's account in the address", 'victim', undefined],
      ['where the victim has a secret of its own', null, 'the secret of B'],
    ] as const)("does not take another account's body, %s", async (_name, addressed, secretOfVictim) => {
      const { world } = await open(secretOfVictim)
      const account = addressed === null ? null : addressed === 'attacker' ? attacker : victim
      const delivery = signed(body(victim), attackersSecret, { account, headers: headers?.(victim) ?? {} })
      expect(problemOf(() => world.accept(delivery))?.status).toBeGreaterThanOrEqual(400)
    })

    it('lets no body that also names the attacker speak for another', async () => {
      for (const trick of tricks) {
        for (const account of [null, attacker]) {
          const { world, ingest } = await open()
          const delivery = signed(trick, attackersSecret, {
            account,
            headers: more.trickHeaders ?? headers?.(attacker) ?? {},
          })
          const all = problemOf(() => world.accept(delivery)) === null ? await reached(world, ingest, delivery) : []
          expect(all.filter((connection) => connection !== attacker)).toEqual([])
        }
      }
    })
  },
)

describe('a withdrawal', () => {
  it('of another account is refused by the gateway', async () => {
    const world = await openGatewayWorld({ tiktok: ['the secret of the source'] })
    world.connect({ connectionId: 'A', source: 'tiktok', accountId: 'A', secret: attackersSecret })
    world.connect({ connectionId: 'B', source: 'tiktok', accountId: 'B' })
    const body = JSON.stringify(tiktok('B', 'authorization.removed', { reason: 1 }))
    const headers = { 'tiktok-signature': `t=${seconds},s=${hmac(`${seconds}.${body}`, attackersSecret, 'hex')}` }
    for (const account of [null, 'A', 'B'])
      expect(problemOf(() => world.accept(deliveryOf('tiktok', body, { account, headers })))?.status).toBeGreaterThan(
        399,
      )
  })
})
