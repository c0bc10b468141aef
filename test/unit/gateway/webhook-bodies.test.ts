/** What the gateway reads of a delivery's body, how often, and the parts of one that names several accounts. */
import { createHash } from 'node:crypto'
import { mock } from 'node:test'
import { whatsappAccount, whatsappSecret } from '../../../services/local/demo/webhooks.ts'
import type { RawDelivery } from '../../../services/shared/sources/index.ts'
import { noon } from '../../support/builders.ts'
import { channelAccounts, channelMessages } from '../../support/channel-requests.ts'
import { sources } from '../../support/deliveries.ts'
import { type GatewayWorld, noSecrets, openGatewayWorld } from '../../support/gateway-world.ts'
import { problemOf, statusOf } from '../../support/http-status.ts'
import { sourceOf as ownMapping } from '../../support/mapping.ts'
import { rawDelivery, signedDelivery, whatsappRequest, whatsappSecrets } from '../../support/whatsapp-delivery.ts'

/** Calls of `JSON.parse` on the way from a request to its record. */
const parsesOf = (delivery: RawDelivery, world: GatewayWorld): number => {
  const parse = mock.method(JSON, 'parse')
  try {
    statusOf(() => world.accept(delivery))
    return parse.mock.callCount()
  } finally {
    parse.mock.restore()
  }
}

describe('a delivery of several accounts', () => {
  const change = (account: string | undefined) => ({
    value: { metadata: { phone_number_id: account }, messages: [account] },
  })
  const bodyOf = (...accounts: (string | undefined)[]) =>
    JSON.stringify({ object: 'whatsapp_business_account', entry: accounts.map((one) => ({ changes: [change(one)] })) })
  const open = async () => {
    const world = await openGatewayWorld(whatsappSecrets)
    for (const accountId of ['a', 'b']) world.connect({ connectionId: accountId, accountId })
    world.connect({ connectionId: 'own', accountId: 'own', secret: 'own secret' })
    world.connect({ connectionId: 'gone', accountId: 'gone', status: 'disconnected' })
    return world
  }

  it('is stored once for each connected account, with its items only', async () => {
    const world = await open()
    const delivery = signedDelivery(bodyOf('a', 'b', 'gone', 'stranger', undefined, 'own', 'a'), whatsappSecret)
    expect(world.stored(delivery)).toEqual([
      { account: 'a', by: 'source', body: bodyOf('a', 'a') },
      { account: 'b', by: 'source', body: bodyOf('b') },
    ])
    expect(world.accept(delivery)).toMatchObject({ unconnected: ['gone', 'stranger'], unverified: ['own'] })
    const [a, b] = world.accept(delivery).stored.map(({ record }) => record.key)
    expect(a).not.toBe(b)
    expect(a).toBe(world.accept(signedDelivery(bodyOf('a'), whatsappSecret)).stored[0]?.record.key)
  })

  it('is stored of the own account only where an own secret signed it', async () => {
    const world = await open()
    const delivery = signedDelivery(bodyOf('a', 'own', 'stranger'), 'own secret')
    expect(world.stored(delivery)).toEqual([{ account: 'own', by: 'connection:own', body: bodyOf('own') }])
    expect(world.accept(delivery)).toMatchObject({ unconnected: [], unverified: ['a', 'stranger'] })
  })

  it('keeps its exact bytes where it names one account, however often', async () => {
    const text = `${bodyOf('a', 'a', undefined)} \n`
    expect((await open()).stored(signedDelivery(text, whatsappSecret))).toEqual([
      { account: 'a', by: 'source', body: text },
    ])
  })

  it('may be of many connections with one secret, and tries few secrets otherwise', async () => {
    const world = await openGatewayWorld()
    const accounts = Array.from({ length: 60 }, (_, n) => `n${n}`)
    for (const accountId of accounts) world.connect({ connectionId: accountId, accountId, secret: 'of one app' })
    expect(world.stored(signedDelivery(bodyOf(...accounts), 'of one app'))).toHaveLength(60)
    for (const accountId of accounts) world.connect({ connectionId: accountId, accountId, secret: `of ${accountId}` })
    expect(world.stored(signedDelivery(bodyOf(...accounts), 'of n3'))).toMatchObject([{ account: 'n3' }])
    expect(statusOf(() => world.accept(signedDelivery(bodyOf(...accounts), 'of n59')))).toBe(401)
  })

  it('has no part for an account that no event may have, where what is unconnected is kept', async () => {
    const world = await openGatewayWorld(whatsappSecrets, { keepsUnconnected: true })
    const long = 'x'.repeat(257)
    expect(world.stored(signedDelivery(bodyOf(long, 's'), whatsappSecret)).map(({ account }) => account)).toEqual(['s'])
  })
})

describe('a long body', () => {
  const text = JSON.stringify({ ...JSON.parse(whatsappRequest.body), filler: 'x'.repeat(300_000) })

  it('is parsed only once its sender is known', async () => {
    const world = await openGatewayWorld(whatsappSecrets)
    world.connect({ accountId: whatsappAccount, secret: 'own' })
    const unaddressed = signedDelivery(text, 'own')
    expect(parsesOf(unaddressed, world)).toBe(0)
    expect(problemOf(() => world.accept(unaddressed))).toMatchObject({ status: 413, code: 'too_large_unproven' })
    const addressed = signedDelivery(text, 'own', { account: whatsappAccount })
    expect(world.stored(addressed)).toMatchObject([{ by: 'connection:acme-wa' }])
    world.connect({ accountId: whatsappAccount })
    expect(world.stored(signedDelivery(text, whatsappSecret))).toMatchObject([{ by: 'source' }])
  })
})

describe('the body of a delivery', () => {
  const everyAccount = async () => {
    const secrets = Object.fromEntries(channelAccounts.map(([source]) => [source, [`${source} secret`]]))
    const world = await openGatewayWorld(secrets, {
      secretsOf: (source) => ({ ...noSecrets, secrets: secrets[source] ?? [], appId: '11' }),
    })
    for (const [source, accountId] of channelAccounts) world.connect({ connectionId: source, source, accountId })
    return world
  }

  it.each(channelMessages('hola', noon).map((sent) => [sent.path, sent] as const))(
    'is parsed at most once on the way to storage: %s',
    async (path, sent) => {
      const [, , source, account = null] = path.split('/') as [string, string, string, string?]
      const world = await everyAccount()
      const delivery = rawDelivery({ source, account, headers: sent.headers, body: Buffer.from(sent.body) })
      expect(world.accept(delivery).stored).toHaveLength(1)
      expect(parsesOf(delivery, world)).toBeLessThanOrEqual(1)
    },
  )

  it.each(sources.names())('is not parsed without a well-formed signature: %s', async (source) => {
    const world = await everyAccount()
    for (const headers of [{}, { 'x-hub-signature-256': 'sha256=00', 'x-zevent-signature': 'mac=zz' }])
      expect(parsesOf(rawDelivery({ source, headers, body: Buffer.from('{"a":1}') }), world)).toBe(0)
  })

  it.each(['whatsapp', 'messenger', 'line', 'tiktok', 'haravan', 'pancake'])(
    'is not parsed where the source alone has secrets and none fits: %s',
    async (source) => {
      const world = await openGatewayWorld({ [source]: ['other'] })
      const seconds = Math.floor(noon / 1000)
      const headers = {
        'x-hub-signature-256': `sha256=${'0'.repeat(64)}`,
        'x-line-signature': Buffer.alloc(32).toString('base64'),
        'x-haravan-hmacsha256': Buffer.alloc(32).toString('base64'),
        'x-pancake-signature': `sha256=${'0'.repeat(64)}`,
        'tiktok-signature': `t=${seconds},s=${'0'.repeat(64)}`,
      }
      expect(parsesOf(rawDelivery({ source, headers, body: Buffer.from('{"a":1}') }), world)).toBe(0)
    },
  )

  it('is parsed once for the account, a signed field and the reserialised body together', async () => {
    const source = ownMapping(
      {},
      {
        accounts: ['body.shop'],
        signature: { algorithm: 'sha256', header: 'x-sig', signed: '{body}{body.time}{secret}', body: 'reserialised' },
      },
    )
    const body = '{ "shop": "s", "time": "5" }'
    const digest = createHash('sha256').update(`{"shop":"s","time":"5"}5made up`).digest('hex')
    const delivery = rawDelivery({ source: 'example', headers: { 'x-sig': digest }, body: Buffer.from(body) })
    const world = await openGatewayWorld({ example: ['made up'] }, {}, { get: () => source, names: () => ['example'] })
    world.connect({ source: 'example', accountId: 's' })
    expect(world.stored(delivery)).toEqual([{ account: 's', by: 'source', body }])
    expect(parsesOf(delivery, world)).toBe(1)
  })
})
