import { withKey } from '../../../services/gateway/http/answers.ts'
import { sourceOf } from '../../../services/gateway/webhook.ts'
import { whatsappAccount } from '../../../services/local/demo/webhooks.ts'
import type { ProducerRecord } from '../../../services/runtime/ports.ts'
import { disconnect, envelopePairOf } from '../../../services/shared/connections/connection.ts'
import type { RawDelivery, Source } from '../../../services/shared/sources/index.ts'
import { connectionRecord, noon } from '../../support/builders.ts'
import { bodyOf, type GatewayWorld, openGatewayWorld } from '../../support/gateway-world.ts'
import { problemOf } from '../../support/http-status.ts'
import { sourceOf as ownMapping } from '../../support/mapping.ts'
import { openConnectedGateway, rawDelivery, whatsappRequest, whatsappSecrets } from '../../support/whatsapp-delivery.ts'

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
    const world = await openGatewayWorld(whatsappSecrets)
    connect(world)
    expect(world.accept(rawDelivery())).toEqual({ stored: [], unconnected: [whatsappAccount], unverified: [] })
  })

  it.each<[string, object, Partial<RawDelivery>]>([
    ['a source with a secret', whatsappSecrets, { headers: unsigned }],
    [
      'a source with a secret, and a wrong signature',
      whatsappSecrets,
      { body: Buffer.from(`${whatsappRequest.body} `) },
    ],
    ['a source where connections have their own', {}, { headers: unsigned }],
    [
      'a source where connections have their own, and a wrong signature',
      {},
      { body: Buffer.from(`${whatsappRequest.body} `) },
    ],
  ])('is answered alike whether it was a customer or not, of %s', async (_name, secrets, fields) => {
    const answers = []
    for (const status of ['unknown', 'disconnected', 'active'] as const) {
      const world = await openGatewayWorld(secrets as Record<string, string[]>)
      world.connect({ connectionId: 'other', accountId: 'other', secret: 'of another' })
      if (status === 'disconnected') world.connect(gone({ webhookSecretErased: true }))
      if (status === 'active') world.connect({ accountId: whatsappAccount, secret: 'own' })
      answers.push(problemOf(() => world.accept(rawDelivery(fields))))
    }
    expect(answers[0]?.status).toBe(401)
    expect(answers).toEqual([answers[0], answers[0], answers[0]])
  })

  it('is stored where the setting keeps it', async () => {
    const world = await openGatewayWorld(whatsappSecrets, { keepsUnconnected: true })
    expect(world.stored(rawDelivery())).toEqual([
      { account: whatsappAccount, by: 'source', body: whatsappRequest.body },
    ])
  })

  it('is stored where another connection has taken over the account', async () => {
    const world = await openConnectedGateway(whatsappSecrets)
    world.connect(gone({ connectionId: 'before', webhookSecretErased: true }))
    expect(world.stored(rawDelivery())).toHaveLength(1)
  })

  it.each(['paused', 'reconnect'] as const)('is another thing than one whose connection is %s', async (status) => {
    const world = await openGatewayWorld(whatsappSecrets)
    world.connect({ accountId: whatsappAccount, status })
    expect(world.stored(rawDelivery())).toHaveLength(1)
  })
})

describe('the key of a delivery', () => {
  it('is its connection’s, so that the body becomes unreadable when the connection is disconnected', async () => {
    const world = await openGatewayWorld(whatsappSecrets)
    const connectionId = 'acme-wa'
    const record = connectionRecord({
      connectionId,
      accountId: whatsappAccount,
      dataKey: world.keyring.newDataKey(connectionId),
      ...envelopePairOf({ connectionId }, world.keyring),
    })
    world.connect(record)
    const stored = world.accept(rawDelivery()).stored[0]?.record as ProducerRecord
    expect(stored.headers?.sealed).toBe('connection/acme-wa/2026-11-23T12')
    expect(bodyOf(stored, world.envelopes)).toBe(whatsappRequest.body)
    world.connect({ ...disconnect(record, noon), revision: record.revision + 1 })
    expect(bodyOf(stored, world.envelopes)).toBe('key_erased')
  })
})

describe('a delivery', () => {
  it('is stored byte for byte, sealed, without personal data in key or headers', async () => {
    const { accept, envelopes } = await openConnectedGateway(whatsappSecrets)
    const record = accept(rawDelivery()).stored[0]?.record as ProducerRecord
    const { value, headers, key } = record
    expect(bodyOf(record, envelopes)).toBe(whatsappRequest.body)
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
    const { accept } = await openConnectedGateway(whatsappSecrets)
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    const headersOf = (fields: Partial<RawDelivery>) => accept(rawDelivery(fields)).stored[0]?.record.headers
    const headers = headersOf({ account: whatsappAccount, headers: { ...whatsappRequest.headers, traceparent } })
    expect(headers).toMatchObject({ account: whatsappAccount, traceparent })
    expect(headersOf({ headers: { ...whatsappRequest.headers, traceparent: 'x' } })).not.toHaveProperty('traceparent')
  })

  it.each<[string, Partial<RawDelivery>, string, Parameters<typeof openGatewayWorld>, number, string]>([
    ['no signature', { headers: {} }, 'application/json', [whatsappSecrets], 401, 'signature_missing'],
    ['a wrong one', { body: Buffer.from('{}') }, 'application/json', [whatsappSecrets], 401, 'signature_wrong'],
    ['another content type', {}, 'text/xml', [whatsappSecrets], 415, 'content_type'],
    ['no secret at all', {}, 'application/json', [{}], 401, 'no_secret'],
    [
      'an account in the address that the body contradicts',
      { account: '42' },
      'application/json',
      [whatsappSecrets],
      400,
      'account_contradicted',
    ],
    ['no secret, but allowed', { headers: {} }, 'application/json', [{}, { mayBeUnsigned: () => true }], 200, ''],
  ])('with %s is answered by status and code', async (_name, fields, mediaType, given, status, code) => {
    const { accept } = await openConnectedGateway(...given)
    expect(problemOf(() => accept(rawDelivery(fields), mediaType)) ?? { status: 200, code: '' }).toMatchObject({
      status,
      code,
    })
  })

  it('that names no account is kept', async () => {
    const { stored } = await openGatewayWorld({ telegram: ['t'] })
    const headers = { 'x-telegram-bot-api-secret-token': 't' }
    expect(stored(rawDelivery({ source: 'telegram', headers, body: Buffer.from('{}') }))).toEqual([
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
  const delivery = rawDelivery({ source: 'example', headers: {}, body: Buffer.from('{"items":[],"page":"p"}') })

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
