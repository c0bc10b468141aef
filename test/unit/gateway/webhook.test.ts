import { createHash, createHmac } from 'node:crypto'
import { mock } from 'node:test'
import { withKey } from '../../../services/gateway/http/answers.ts'
import { sourceOf } from '../../../services/gateway/webhook.ts'
import { whatsappAccount, whatsappSecret, whatsappText } from '../../../services/local/demo/webhooks.ts'
import type { ProducerRecord } from '../../../services/runtime/ports.ts'
import { disconnect, envelopePairOf } from '../../../services/shared/connections/connection.ts'
import type { RawDelivery, Source } from '../../../services/shared/sources/index.ts'
import { connectionRecord, noon } from '../../support/builders.ts'
import { channelAccounts, channelMessages } from '../../support/channel-requests.ts'
import { sources } from '../../support/deliveries.ts'
import { bodyOf, type GatewayWorld, noSecrets, openGatewayWorld } from '../../support/gateway-world.ts'
import { problemOf, statusOf } from '../../support/http-status.ts'
import { sourceOf as ownMapping } from '../../support/mapping.ts'

const request = whatsappText('5215550001111', 'wamid.1', 'ya hice el pago', noon)
const raw = (fields: Partial<RawDelivery> = {}): RawDelivery => ({
  source: 'whatsapp',
  account: null,
  headers: request.headers,
  contentType: 'application/json',
  body: Buffer.from(request.body),
  receivedAt: noon,
  ...fields,
})
const known = { whatsapp: [whatsappSecret] }
const connected = async (...given: Parameters<typeof openGatewayWorld>) => {
  const world = await openGatewayWorld(...given)
  world.connect({ accountId: whatsappAccount })
  return world
}

describe('a delivery for an account without a connection', () => {
  const unsigned = { 'content-type': 'application/json' }
  const gone = (fields: object = {}) => ({
    ...{ accountId: whatsappAccount, status: 'disconnected' as const, accessToken: null, dataKey: null },
    ...fields,
  })

  it.each<[string, (world: GatewayWorld) => void]>([
    ['that is unknown', () => {}],
    ['that is disconnected', (world) => world.connect(gone())],
    ['whose own secret was erased', (world) => world.connect(gone({ webhookSecretErased: true }))],
  ])('%s is accepted from its source, named and not stored', async (_name, connect) => {
    const world = await openGatewayWorld(known)
    connect(world)
    expect(world.accept(raw())).toEqual({ stored: [], unconnected: [whatsappAccount], unverified: [] })
  })

  it.each<[string, object, Partial<RawDelivery>]>([
    ['a source with a secret', known, { headers: unsigned }],
    ['a source with a secret, and a wrong signature', known, { body: Buffer.from(`${request.body} `) }],
    ['a source where connections have their own', {}, { headers: unsigned }],
    ['a source where connections have their own, and a wrong signature', {}, { body: Buffer.from(`${request.body} `) }],
  ])('is answered alike whether it was a customer or not, of %s', async (_name, secrets, fields) => {
    const answers = []
    for (const status of ['unknown', 'disconnected', 'active'] as const) {
      const world = await openGatewayWorld(secrets as Record<string, string[]>)
      world.connect({ connectionId: 'other', accountId: 'other', secret: 'of another' })
      if (status === 'disconnected') world.connect(gone({ webhookSecretErased: true }))
      if (status === 'active') world.connect({ accountId: whatsappAccount, secret: 'own' })
      answers.push(problemOf(() => world.accept(raw(fields))))
    }
    expect(answers[0]?.status).toBe(401)
    expect(answers).toEqual([answers[0], answers[0], answers[0]])
  })

  it('is stored where the setting keeps it', async () => {
    const world = await openGatewayWorld(known, { keepsUnconnected: true })
    expect(world.stored(raw())).toEqual([{ account: whatsappAccount, by: 'source', body: request.body }])
  })

  it('is stored where another connection has taken over the account', async () => {
    const world = await connected(known)
    world.connect(gone({ connectionId: 'before', webhookSecretErased: true }))
    expect(world.stored(raw())).toHaveLength(1)
  })

  it.each(['paused', 'reconnect'] as const)('is another thing than one whose connection is %s', async (status) => {
    const world = await openGatewayWorld(known)
    world.connect({ accountId: whatsappAccount, status })
    expect(world.stored(raw())).toHaveLength(1)
  })
})

describe('the key of a delivery', () => {
  it('is its connection’s, so that the body becomes unreadable when the connection is disconnected', async () => {
    const world = await openGatewayWorld(known)
    const connectionId = 'acme-wa'
    const record = connectionRecord({
      connectionId,
      accountId: whatsappAccount,
      dataKey: world.keyring.newDataKey(connectionId),
      ...envelopePairOf({ connectionId }, world.keyring),
    })
    world.connect(record)
    const stored = world.accept(raw()).stored[0]?.record as ProducerRecord
    expect(stored.headers?.sealed).toBe('connection/acme-wa/2026-11-23T12')
    expect(bodyOf(stored, world.envelopes)).toBe(request.body)
    world.connect({ ...disconnect(record, noon), revision: record.revision + 1 })
    expect(bodyOf(stored, world.envelopes)).toBe('key_erased')
  })
})

describe('a delivery', () => {
  it('is stored byte for byte, sealed, without personal data in key or headers', async () => {
    const { accept, envelopes } = await connected(known)
    const record = accept(raw()).stored[0]?.record as ProducerRecord
    const { value, headers, key } = record
    expect(bodyOf(record, envelopes)).toBe(request.body)
    expect(headers).toEqual({
      source: 'whatsapp',
      'received-at': String(noon),
      'content-type': 'application/json',
      sealed: 'common/pair/2026-11-23T12',
      'verified-by': 'source',
      'verified-account': whatsappAccount,
    })
    const open = `${key} ${JSON.stringify(headers)} ${value?.toString('latin1')}`
    for (const personal of ['5215550001111', 'pago', 'wamid']) expect(open).not.toContain(personal)
  })

  it('carries the account of its address and a well-formed trace', async () => {
    const { accept } = await connected(known)
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    const headersOf = (fields: Partial<RawDelivery>) => accept(raw(fields)).stored[0]?.record.headers
    const headers = headersOf({ account: whatsappAccount, headers: { ...request.headers, traceparent } })
    expect(headers).toMatchObject({ account: whatsappAccount, traceparent })
    expect(headersOf({ headers: { ...request.headers, traceparent: 'x' } })).not.toHaveProperty('traceparent')
  })

  it.each<[string, Partial<RawDelivery>, string, Parameters<typeof openGatewayWorld>, number, string]>([
    ['no signature', { headers: {} }, 'application/json', [known], 401, 'signature_missing'],
    ['a wrong one', { body: Buffer.from('{}') }, 'application/json', [known], 401, 'signature_wrong'],
    ['another content type', {}, 'text/xml', [known], 415, 'content_type'],
    ['no secret at all', {}, 'application/json', [{}], 401, 'no_secret'],
    [
      'an account in the address that the body contradicts',
      { account: '42' },
      'application/json',
      [known],
      400,
      'account_contradicted',
    ],
    ['no secret, but allowed', { headers: {} }, 'application/json', [{}, { mayBeUnsigned: () => true }], 200, ''],
  ])('with %s is answered by status and code', async (_name, fields, mediaType, given, status, code) => {
    const { accept } = await connected(...given)
    expect(problemOf(() => accept(raw(fields), mediaType)) ?? { status: 200, code: '' }).toMatchObject({ status, code })
  })

  it('that names no account is kept', async () => {
    const { stored } = await openGatewayWorld({ telegram: ['t'] })
    const headers = { 'x-telegram-bot-api-secret-token': 't' }
    expect(stored(raw({ source: 'telegram', headers, body: Buffer.from('{}') }))).toEqual([
      { account: undefined, by: 'source', body: '{}' },
    ])
  })

  it('of an unknown source is answered 404, without the names of the others', async () => {
    const { tools } = await openGatewayWorld()
    expect(problemOf(() => sourceOf('unknown', tools))).toMatchObject({ status: 404, code: 'unknown_source' })
    expect(problemOf(() => sourceOf('unknown', tools))?.message).not.toContain('whatsapp')
  })

  it('takes its key from the address, unless a header has one', () => {
    const url = new URL('http://gateway/webhooks/qiscus?key=k')
    expect(withKey({ a: '1' }, url)).toEqual({ a: '1', 'x-signals-key': 'k' })
    expect(withKey({ 'x-signals-key': 'own' }, url)).toEqual({ 'x-signals-key': 'own' })
    expect(withKey({}, new URL('http://gateway/webhooks/qiscus'))).toEqual({})
  })
})

describe('a delivery of several accounts', () => {
  const change = (account: string | undefined) => ({
    value: { metadata: { phone_number_id: account }, messages: [account] },
  })
  const bodyOf = (...accounts: (string | undefined)[]) =>
    JSON.stringify({ object: 'whatsapp_business_account', entry: accounts.map((one) => ({ changes: [change(one)] })) })
  const signed = (text: string, secret: string) => {
    const digest = createHmac('sha256', secret).update(text).digest('hex')
    return raw({ body: Buffer.from(text), headers: { 'x-hub-signature-256': `sha256=${digest}` } })
  }
  const open = async () => {
    const world = await openGatewayWorld(known)
    for (const accountId of ['a', 'b']) world.connect({ connectionId: accountId, accountId })
    world.connect({ connectionId: 'own', accountId: 'own', secret: 'own secret' })
    world.connect({ connectionId: 'gone', accountId: 'gone', status: 'disconnected' })
    return world
  }

  it('is stored once for each connected account, with its items only', async () => {
    const world = await open()
    const delivery = signed(bodyOf('a', 'b', 'gone', 'stranger', undefined, 'own', 'a'), whatsappSecret)
    expect(world.stored(delivery)).toEqual([
      { account: 'a', by: 'source', body: bodyOf('a', 'a') },
      { account: 'b', by: 'source', body: bodyOf('b') },
    ])
    expect(world.accept(delivery)).toMatchObject({ unconnected: ['gone', 'stranger'], unverified: ['own'] })
    const [a, b] = world.accept(delivery).stored.map(({ record }) => record.key)
    expect(a).not.toBe(b)
    expect(a).toBe(world.accept(signed(bodyOf('a'), whatsappSecret)).stored[0]?.record.key)
  })

  it('is stored of the own account only where an own secret signed it', async () => {
    const world = await open()
    const delivery = signed(bodyOf('a', 'own', 'stranger'), 'own secret')
    expect(world.stored(delivery)).toEqual([{ account: 'own', by: 'connection:own', body: bodyOf('own') }])
    expect(world.accept(delivery)).toMatchObject({ unconnected: [], unverified: ['a', 'stranger'] })
  })

  it('keeps its exact bytes where it names one account, however often', async () => {
    const text = `${bodyOf('a', 'a', undefined)} \n`
    expect((await open()).stored(signed(text, whatsappSecret))).toEqual([{ account: 'a', by: 'source', body: text }])
  })

  it('may be of many connections with one secret, and tries few secrets otherwise', async () => {
    const world = await openGatewayWorld()
    const accounts = Array.from({ length: 60 }, (_, n) => `n${n}`)
    for (const accountId of accounts) world.connect({ connectionId: accountId, accountId, secret: 'of one app' })
    expect(world.stored(signed(bodyOf(...accounts), 'of one app'))).toHaveLength(60)
    for (const accountId of accounts) world.connect({ connectionId: accountId, accountId, secret: `of ${accountId}` })
    expect(world.stored(signed(bodyOf(...accounts), 'of n3'))).toMatchObject([{ account: 'n3' }])
    expect(statusOf(() => world.accept(signed(bodyOf(...accounts), 'of n59')))).toBe(401)
  })

  it('has no part for an account that no event may have, where what is unconnected is kept', async () => {
    const world = await openGatewayWorld(known, { keepsUnconnected: true })
    const long = 'x'.repeat(257)
    expect(world.stored(signed(bodyOf(long, 's'), whatsappSecret)).map(({ account }) => account)).toEqual(['s'])
  })
})

describe('a source without a signature', () => {
  const none = ownMapping({}, {})
  const optional = ownMapping(
    {},
    { accounts: ['body.page'], signature: [{ algorithm: 'hmac-sha256', header: 'x-sig' }, { algorithm: 'none' }] },
  )
  const world = (source: Source, allowed: boolean) =>
    openGatewayWorld(
      { example: ['secret'] },
      { mayBeUnsigned: () => allowed },
      { get: () => source, names: () => ['example'] },
    )
  const delivery = raw({ source: 'example', headers: {}, body: Buffer.from('{"items":[],"page":"p"}') })

  it.each<[string, Source]>([
    ['that declares none', none],
    ['that may leave it out', optional],
  ])('%s is refused unless ALLOW_UNSIGNED names it', async (_name, source) => {
    const refused = await world(source, false)
    expect(problemOf(() => refused.accept(delivery))).toMatchObject({ status: 401, code: 'unsigned_source' })
    const allowed = await world(source, true)
    expect(problemOf(() => allowed.accept(delivery))).toBeNull()
  })

  it('proves nothing about an account with a secret of its own', async () => {
    const allowed = await world(optional, true)
    allowed.connect({ connectionId: 'p', source: 'example', accountId: 'p', secret: 'own' })
    expect(problemOf(() => allowed.accept(delivery))).toMatchObject({ status: 401 })
  })
})

describe('a long body', () => {
  const long = (fields: Partial<RawDelivery>) => {
    const body = Buffer.from(JSON.stringify({ ...JSON.parse(request.body), filler: 'x'.repeat(300_000) }))
    return raw({ body, ...fields })
  }
  const sign = (delivery: RawDelivery, secret: string): RawDelivery => {
    const digest = createHmac('sha256', secret).update(delivery.body).digest('hex')
    return { ...delivery, headers: { 'x-hub-signature-256': `sha256=${digest}` } }
  }

  it('is parsed only once its sender is known', async () => {
    const world = await openGatewayWorld(known)
    world.connect({ accountId: whatsappAccount, secret: 'own' })
    const unaddressed = sign(long({}), 'own')
    const parse = mock.method(JSON, 'parse')
    try {
      expect(problemOf(() => world.accept(unaddressed))).toMatchObject({
        status: 413,
        code: 'too_large_unproven',
      })
      expect(parse.mock.callCount()).toBe(0)
    } finally {
      parse.mock.restore()
    }
    expect(world.stored(sign(long({ account: whatsappAccount }), 'own'))).toMatchObject([{ by: 'connection:acme-wa' }])
    world.connect({ accountId: whatsappAccount })
    expect(world.stored(sign(long({}), whatsappSecret))).toMatchObject([{ by: 'source' }])
  })
})

describe('the body of a delivery', () => {
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
      const delivery = raw({ source, account, headers: sent.headers, body: Buffer.from(sent.body) })
      expect(world.accept(delivery).stored).toHaveLength(1)
      expect(parsesOf(delivery, world)).toBeLessThanOrEqual(1)
    },
  )

  it.each(sources.names())('is not parsed without a well-formed signature: %s', async (source) => {
    const world = await everyAccount()
    for (const headers of [{}, { 'x-hub-signature-256': 'sha256=00', 'x-zevent-signature': 'mac=zz' }])
      expect(parsesOf(raw({ source, headers, body: Buffer.from('{"a":1}') }), world)).toBe(0)
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
      expect(parsesOf(raw({ source, headers, body: Buffer.from('{"a":1}') }), world)).toBe(0)
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
    const delivery = raw({ source: 'example', headers: { 'x-sig': digest }, body: Buffer.from(body) })
    const world = await openGatewayWorld({ example: ['made up'] }, {}, { get: () => source, names: () => ['example'] })
    world.connect({ source: 'example', accountId: 's' })
    expect(world.stored(delivery)).toEqual([{ account: 's', by: 'source', body }])
    expect(parsesOf(delivery, world)).toBe(1)
  })
})
