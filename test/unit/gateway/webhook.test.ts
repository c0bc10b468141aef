import { sourceSecrets } from '../../../services/gateway/config.ts'
import { HttpProblem, withKey } from '../../../services/gateway/http.ts'
import { eventRecord, parseEvents, requireToken } from '../../../services/gateway/message-events.ts'
import { deliveryRecord, sourceOf, type WebhookTools } from '../../../services/gateway/webhook.ts'
import { whatsappAccount, whatsappSecret, whatsappText } from '../../../services/local/demo/webhooks.ts'
import type { ProducerRecord } from '../../../services/runtime/ports.ts'
import { ConnectionDirectory } from '../../../services/shared/connections/directory.ts'
import type { ConnectionRecord } from '../../../services/shared/model/connection-record.ts'
import { loadSources, type RawDelivery } from '../../../services/shared/sources/index.ts'
import { connectionRecord, messageEvent, noon, testKeyring } from '../../support/builders.ts'

const sources = loadSources()
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
const tools = async (fields: Partial<WebhookTools> = {}): Promise<WebhookTools> => ({
  sources,
  directory: new ConnectionDirectory(),
  keyring: await testKeyring(),
  secretsOf: () => ({ secrets: [whatsappSecret], verifyTokens: [], appId: undefined }),
  mayBeUnsigned: () => false,
  ...fields,
})
const none = { secrets: [], verifyTokens: [], appId: undefined }
const status = (work: () => unknown): number => {
  try {
    work()
  } catch (error) {
    if (error instanceof HttpProblem) return error.status
    throw error
  }
  return 200
}

/** Of an account that is not disconnected: there is a record. */
const recordOf = (delivery: RawDelivery, t: WebhookTools) =>
  deliveryRecord(sourceOf('whatsapp', t), delivery, 'application/json', t) as ProducerRecord

describe('a delivery for an account that is disconnected', () => {
  const unsigned = { 'content-type': 'application/json' }
  const gone = (fields: Partial<ConnectionRecord> = {}) => {
    const directory = new ConnectionDirectory()
    directory.apply(
      'acme-wa',
      connectionRecord({ accountId: whatsappAccount, status: 'disconnected', accessToken: null, ...fields }),
    )
    return directory
  }
  const take = (t: WebhookTools, delivery: RawDelivery) =>
    deliveryRecord(sourceOf('whatsapp', t), delivery, 'application/json', t)

  it('is taken and not kept', async () => {
    expect(take(await tools({ directory: gone() }), raw())).toBeNull()
  })

  it('is taken also where it is signed with the secret that was erased', async () => {
    const t = await tools({ directory: gone({ webhookSecretErased: true }), secretsOf: () => none })
    expect(take(t, raw())).toBeNull()
  })

  it('is refused where its signature can be checked and is wrong', async () => {
    const t = await tools({ directory: gone() })
    expect(status(() => take(t, raw({ headers: unsigned })))).toBe(401)
  })

  it('is kept where the account reports by another connection by now', async () => {
    const directory = gone({ webhookSecretErased: true })
    directory.apply('next', connectionRecord({ connectionId: 'next', accountId: whatsappAccount }))
    expect(take(await tools({ directory }), raw())).not.toBeNull()
  })
})

describe('a delivery', () => {
  it('is stored as it came, sealed, with nothing of a person in key or headers', async () => {
    const t = await tools()
    const record = recordOf(raw(), t)
    expect(
      t.keyring
        .sourceKey('whatsapp')
        .open(record.value as Buffer)
        .toString(),
    ).toBe(request.body)
    expect(record.headers).toEqual({
      source: 'whatsapp',
      'received-at': String(noon),
      'content-type': 'application/json',
      sealed: 'source/whatsapp',
    })
    const open = `${record.key} ${JSON.stringify(record.headers)} ${record.value?.toString('latin1')}`
    for (const personal of ['5215550001111', 'pago', 'wamid']) expect(open).not.toContain(personal)
  })

  it('carries the account of its address and a trace that is well formed', async () => {
    const t = await tools()
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    const record = recordOf(raw({ account: '42', headers: { ...request.headers, traceparent } }), t)
    expect(record.headers).toMatchObject({ account: '42', traceparent })
    const broken = recordOf(raw({ headers: { ...request.headers, traceparent: 'x' } }), t)
    expect(broken.headers).not.toHaveProperty('traceparent')
  })

  it.each<[string, Partial<RawDelivery>, string, Partial<WebhookTools>, number]>([
    ['no signature', { headers: {} }, 'application/json', {}, 401],
    ['a wrong one', { body: Buffer.from('{}') }, 'application/json', {}, 401],
    ['another content type', {}, 'text/xml', {}, 415],
    ['no secret at all', {}, 'application/json', { secretsOf: () => sourceSecrets({}, 'whatsapp') }, 401],
    [
      'no secret, but allowed',
      { headers: {} },
      'application/json',
      { secretsOf: () => sourceSecrets({}, 'whatsapp'), mayBeUnsigned: () => true },
      200,
    ],
  ])('with %s is answered %s', async (_name, fields, mediaType, more, expected) => {
    const t = await tools(more)
    expect(status(() => deliveryRecord(sourceOf('whatsapp', t), raw(fields), mediaType, t))).toBe(expected)
  })

  it('of an unknown source is answered 404', async () => {
    const t = await tools()
    expect(status(() => sourceOf('nobody', t))).toBe(404)
  })

  it('may be told its key by the address, unless a header tells it', () => {
    const url = new URL('http://gateway/webhooks/qiscus?key=k')
    expect(withKey({ a: '1' }, url)).toEqual({ a: '1', 'x-signals-key': 'k' })
    expect(withKey({ 'x-signals-key': 'own' }, url)).toEqual({ 'x-signals-key': 'own' })
    expect(withKey({}, new URL('http://gateway/webhooks/qiscus'))).toEqual({})
  })

  it('may be signed with the secret of its connection', async () => {
    const keyring = await testKeyring()
    const directory = new ConnectionDirectory()
    directory.apply(
      'c',
      connectionRecord({
        connectionId: 'c',
        accountId: whatsappAccount,
        webhookSecret: keyring.wrap(whatsappSecret, 'x'),
      }),
    )
    const t = await tools({ directory, keyring, secretsOf: () => sourceSecrets({}, 'whatsapp') })
    expect(status(() => deliveryRecord(sourceOf('whatsapp', t), raw(), 'application/json', t))).toBe(200)
  })
})

describe('message events', () => {
  it.each<[string, string | undefined, string | undefined, number]>([
    ['the token', 'Bearer right', 'right', 200],
    ['another token', 'Bearer wrong', 'right', 401],
    ['none', undefined, 'right', 401],
    ['one where none is set', 'Bearer right', undefined, 401],
  ])('with %s', (_name, given, token, expected) => expect(status(() => requireToken(given, token))).toBe(expected))

  it('are stored all or none, with a result for each', () => {
    const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))
    expect(parseEvents(bytes(messageEvent()))).toMatchObject({ valid: true, results: [{ status: 'stored' }] })
    const mixed = parseEvents(bytes([messageEvent(), { ...messageEvent(), occurredAt: 5 }]))
    expect(mixed.valid).toBe(false)
    expect(mixed.results).toEqual([
      { status: 'not_stored' },
      { status: 'invalid', problems: [{ field: 'occurredAt', problem: expect.stringContaining('milliseconds') }] },
    ])
    for (const body of ['[]', '{', '"x']) expect(status(() => parseEvents(Buffer.from(body)))).toBe(400)
  })

  it('lie sealed under a key that is no id of a person', async () => {
    const keyring = await testKeyring()
    const record = eventRecord(messageEvent(), noon, undefined, keyring)
    expect(record.key).toMatch(/^[0-9a-f]{32}$/)
    expect(record.value?.toString('latin1')).not.toContain('pagar')
    expect(
      JSON.parse(
        keyring
          .sourceKey('message-event')
          .open(record.value as Buffer)
          .toString(),
      ),
    ).toEqual(messageEvent())
  })
})
