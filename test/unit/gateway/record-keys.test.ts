import { recordKeyOf } from '../../../services/gateway/record-keys.ts'
import { knownWays } from '../../../services/ingest/order/ways.ts'
import { whatsappAccount } from '../../../services/local/demo/webhooks.ts'
import { verificationOf } from '../../../services/shared/model/channel-event.ts'
import type { ConnectionRecord } from '../../../services/shared/model/connection-record.ts'
import { connectionRecord, noon, testKeyring } from '../../support/builders.ts'
import { whatsapp as whatsappChange, whatsappMessage } from '../../support/channel-bodies.ts'
import { deliveryOf, sourceNamed } from '../../support/deliveries.ts'
import { openGatewayWorld } from '../../support/gateway-world.ts'
import { MemoryRedis } from '../../support/memory-redis.ts'

const textFrom = (from: string, id: string, text = 'hola') =>
  whatsappMessage({ from, id, type: 'text', text: { body: text } })
const bodyWith = (value: object) =>
  whatsappChange('messages', { metadata: { phone_number_id: whatsappAccount }, ...value })
const messages = (...list: object[]) => bodyWith({ messages: list })
const receipt = bodyWith({
  statuses: [{ id: 'wamid.9', status: 'delivered', timestamp: String(noon / 1_000), recipient_id: '5215550001111' }],
})
const spread = new Set([`whatsapp/${whatsappAccount}`])
const whatsapp = sourceNamed('whatsapp')

const keyOf = async (
  body: object | string,
  { accounts = spread, connection }: { accounts?: ReadonlySet<string>; connection?: ConnectionRecord } = {},
) => {
  const keyring = await testKeyring()
  const delivery = deliveryOf('whatsapp', body)
  const found = recordKeyOf(whatsapp, whatsappAccount, delivery, delivery.body, {
    ...{ keyring, connection, spread: accounts },
  })
  const ofAccount = keyring.recordKey('account', 'whatsapp', whatsappAccount)
  const ofConversation = (id: string) => keyring.recordKey('conversation', 'whatsapp', whatsappAccount, id)
  return { found, ofAccount, ofConversation }
}

describe('the record key of a webhook delivery', () => {
  it('is that of its account, so that one partition has all of them', async () => {
    const { found, ofAccount } = await keyOf(messages(textFrom('5215550001111', 'wamid.1')), { accounts: new Set() })
    expect(found).toEqual({ key: ofAccount, isSpread: false })
  })

  it('is that of its conversation where the account is spread, as for events by HTTP', async () => {
    const several = messages(textFrom('5215550001111', 'wamid.1'), textFrom('5215550001111', 'wamid.2'))
    const { found, ofConversation } = await keyOf(several)
    const [event] = whatsapp.map(deliveryOf('whatsapp', several)).events
    expect(found).toEqual({ key: ofConversation(event?.conversationId ?? ''), isSpread: true })
  })

  it('stays the same for all deliveries of one conversation, and differs between conversations', async () => {
    const keys = []
    for (const [from, id] of [
      ['5215550001111', 'wamid.1'],
      ['5215550001111', 'wamid.2'],
      ['5215550002222', 'wamid.3'],
    ] as const)
      keys.push((await keyOf(messages(textFrom(from, id)))).found.key)
    expect(keys[0]).toBe(keys[1])
    expect(keys[2]).not.toBe(keys[0])
  })

  it('is that of the account for several conversations in one record', async () => {
    const two = messages(textFrom('5215550001111', 'wamid.1'), textFrom('5215550002222', 'wamid.2'))
    const { found, ofAccount } = await keyOf(two)
    expect(found).toEqual({ key: ofAccount, isSpread: false })
  })

  it('is none for receipts: nothing follows from them, and they are most of what WhatsApp sends', async () => {
    const { found } = await keyOf(receipt)
    expect(found).toEqual({ key: null, isSpread: true })
  })

  it.each<[string, object | string]>([
    ['cannot be read', '{"object":'],
    ['the mapping cannot map as a whole', messages(textFrom('9'.repeat(2_000), 'wamid.1'))],
    ['is larger than the gateway maps', messages(textFrom('5215550001111', 'wamid.1', 'x'.repeat(70_000)))],
  ])('is that of the account where the body %s', async (_name, body) => {
    const { found, ofAccount } = await keyOf(body)
    expect(found).toEqual({ key: ofAccount, isSpread: false })
  })
})

it('the gateway says on the record that it is a conversation’s, and ingest counts it as a way of its own', async () => {
  const world = await openGatewayWorld({}, { spread, mayBeUnsigned: () => true })
  world.connect(connectionRecord({ accountId: whatsappAccount }))
  const store = (body: object) => world.accept(deliveryOf('whatsapp', body, { account: null })).stored[0]?.record
  const one = store(messages(textFrom('5215550001111', 'wamid.1')))
  const two = store(messages(textFrom('5215550001111', 'wamid.2'), textFrom('5215550002222', 'wamid.3')))
  expect(verificationOf({ headers: one?.headers ?? {} }).isSpread).toBe(true)
  expect(verificationOf({ headers: two?.headers ?? {} }).isSpread).toBe(false)
  expect(one?.key).not.toBe(two?.key)
})

it('ways that an earlier version noted are read', async () => {
  const redis = new MemoryRedis()
  await redis.setMany([{ key: 'ways:acme', value: Buffer.from(`${noon} ${noon} 0 0 0`), ttlSeconds: 60 }])
  expect(await knownWays('acme', redis, noon)).toEqual(['gateway'])
})
