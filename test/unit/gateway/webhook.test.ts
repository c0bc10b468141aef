import { createHash } from 'node:crypto'
import { jest } from '@jest/globals'
import { sourceSecrets } from '../../../services/gateway/config.ts'
import { withKey } from '../../../services/gateway/http.ts'
import { deliveryRecord, sourceOf, type WebhookTools } from '../../../services/gateway/webhook.ts'
import { whatsappAccount, whatsappSecret, whatsappText } from '../../../services/local/demo/webhooks.ts'
import type { Envelopes } from '../../../services/runtime/keys/envelopes.ts'
import type { ProducerRecord } from '../../../services/runtime/ports.ts'
import { disconnect, envelopePairOf } from '../../../services/shared/connections/connection.ts'
import { ConnectionDirectory } from '../../../services/shared/connections/directory.ts'
import { openChannelEvent } from '../../../services/shared/model/channel-event.ts'
import type { ConnectionRecord } from '../../../services/shared/model/connection-record.ts'
import { loadSources, type RawDelivery, type Source } from '../../../services/shared/sources/index.ts'
import { connectionRecord, noon, testEnvelopes, testKeyring } from '../../support/builders.ts'
import { channelAccounts, channelMessages, channelSecrets } from '../../support/channel-requests.ts'
import { statusOf } from '../../support/http-status.ts'
import { sourceOf as ownMapping } from '../../support/mapping.ts'

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
const tools = async (fields: Partial<Omit<WebhookTools, 'envelopes'>> = {}) => {
  const directory = (fields.directory ?? new ConnectionDirectory()) as ConnectionDirectory
  const keyring = fields.keyring ?? (await testKeyring())
  return {
    sources,
    directory,
    keyring,
    envelopes: testEnvelopes(keyring, (id) => directory.byId(id)),
    secretsOf: () => ({ secrets: [whatsappSecret], verifyTokens: [], appId: undefined }),
    mayBeUnsigned: () => false,
    ...fields,
  }
}
/** The body as ingest opens it. */
const bodyOf = ({ value, headers = {} }: ProducerRecord, { envelopes }: { envelopes: Envelopes }) =>
  openChannelEvent({ value, headers }, envelopes)
const none = { secrets: [], verifyTokens: [], appId: undefined }
/** For accounts that are not all disconnected, which always give a record. */
const recordOf = (delivery: RawDelivery, t: WebhookTools) =>
  deliveryRecord(sourceOf('whatsapp', t), delivery, 'application/json', t) as ProducerRecord

describe('a delivery for an account that is disconnected', () => {
  const unsigned = { 'content-type': 'application/json' }
  const disconnected = (fields: Partial<ConnectionRecord> = {}) => {
    const directory = new ConnectionDirectory()
    directory.apply(
      'acme-wa',
      connectionRecord({ accountId: whatsappAccount, status: 'disconnected', accessToken: null, ...fields }),
    )
    return directory
  }
  const take = (t: WebhookTools, delivery: RawDelivery) =>
    deliveryRecord(sourceOf('whatsapp', t), delivery, 'application/json', t)

  it('is accepted and not stored', async () => {
    expect(take(await tools({ directory: disconnected() }), raw())).toBeNull()
  })

  it('is accepted also where its secret was erased', async () => {
    const t = await tools({ directory: disconnected({ webhookSecretErased: true }), secretsOf: () => none })
    expect(take(t, raw())).toBeNull()
  })

  it('is refused where its signature can be checked and is wrong', async () => {
    const t = await tools({ directory: disconnected() })
    expect(statusOf(() => take(t, raw({ headers: unsigned })))).toBe(401)
  })

  it('is stored where another connection has taken over the account', async () => {
    const directory = disconnected({ webhookSecretErased: true })
    directory.apply('next', connectionRecord({ connectionId: 'next', accountId: whatsappAccount }))
    expect(take(await tools({ directory }), raw())).not.toBeNull()
  })
})

describe('the key of a delivery', () => {
  const connect = async (...ids: string[]) => {
    const keyring = await testKeyring()
    const directory = new ConnectionDirectory()
    for (const connectionId of ids)
      directory.apply(
        connectionId,
        connectionRecord({
          connectionId,
          accountId: connectionId === 'acme-wa' ? whatsappAccount : connectionId,
          dataKey: keyring.newDataKey(connectionId),
          ...envelopePairOf({ connectionId }, keyring),
        }),
      )
    return { directory, t: await tools({ directory, keyring }) }
  }

  it('is its connection’s, so that the body becomes unreadable when the connection is disconnected', async () => {
    const { directory, t } = await connect('acme-wa')
    const record = recordOf(raw(), t)
    expect(record.headers?.sealed).toBe('connection/acme-wa/2026-11-23T12')
    expect(bodyOf(record, t)).toEqual({ body: Buffer.from(request.body) })
    directory.apply('acme-wa', disconnect(directory.byId('acme-wa') as ConnectionRecord, noon))
    expect(bodyOf(record, t)).toEqual({ problem: 'key_erased', keyId: record.headers?.sealed })
  })

  it('is the pipeline’s own where the address names another connection than the body', async () => {
    const { t } = await connect('acme-wa', 'other')
    expect(recordOf(raw({ account: 'other' }), t).headers?.sealed).toBe('common/pair/2026-11-23T12')
  })
})

describe('a delivery', () => {
  it('is stored byte for byte, sealed, without personal data in key or headers', async () => {
    const t = await tools()
    const record = recordOf(raw(), t)
    expect(bodyOf(record, t)).toEqual({ body: Buffer.from(request.body) })
    expect(record.headers).toEqual({
      source: 'whatsapp',
      'received-at': String(noon),
      'content-type': 'application/json',
      sealed: 'common/pair/2026-11-23T12',
    })
    const open = `${record.key} ${JSON.stringify(record.headers)} ${record.value?.toString('latin1')}`
    for (const personal of ['5215550001111', 'pago', 'wamid']) expect(open).not.toContain(personal)
  })

  it('carries the account of its address and a well-formed trace', async () => {
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
    expect(statusOf(() => deliveryRecord(sourceOf('whatsapp', t), raw(fields), mediaType, t))).toBe(expected)
  })

  it('of an unknown source is answered 404', async () => {
    const t = await tools()
    expect(statusOf(() => sourceOf('unknown', t))).toBe(404)
  })

  it('takes its key from the address, unless a header has one', () => {
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
        webhookSecret: keyring.wrap(whatsappSecret, 'webhook-secret:c'),
      }),
    )
    const t = await tools({ directory, keyring, secretsOf: () => sourceSecrets({}, 'whatsapp') })
    expect(statusOf(() => deliveryRecord(sourceOf('whatsapp', t), raw(), 'application/json', t))).toBe(200)
  })
})

describe('the body of a delivery', () => {
  /** Calls of `JSON.parse` on the way from a request to its record. */
  const parsesOf = (source: Source, delivery: RawDelivery, t: WebhookTools): number => {
    const parse = jest.spyOn(JSON, 'parse')
    try {
      statusOf(() => deliveryRecord(source, delivery, 'application/json', t))
      return parse.mock.calls.length
    } finally {
      parse.mockRestore()
    }
  }
  const everyAccount = async () => {
    const directory = new ConnectionDirectory()
    const keyring = await testKeyring()
    for (const [source, accountId] of channelAccounts)
      directory.apply(
        source,
        connectionRecord({
          connectionId: source,
          source,
          accountId,
          webhookSecret: keyring.wrap(`${source} own`, `webhook-secret:${source}`),
        }),
      )
    return tools({ directory, keyring, secretsOf: (source) => sourceSecrets(channelSecrets, source) })
  }

  it.each(channelMessages('hola', noon).map((sent) => [sent.path, sent] as const))(
    'is parsed at most once on the way to storage: %s',
    async (path, sent) => {
      const [, , name, account = null] = path.split('/') as [string, string, string, string?]
      const source = sources.get(name) as Source
      const t = await everyAccount()
      const delivery = raw({ source: name, account, headers: sent.headers, body: Buffer.from(sent.body) })
      expect(deliveryRecord(source, delivery, 'application/json', t)).not.toBeNull()
      expect(parsesOf(source, delivery, t)).toBeLessThanOrEqual(1)
    },
  )

  it.each(sources.names())('is parsed at most once without a signature, or with a wrong one: %s', async (name) => {
    const source = sources.get(name) as Source
    const signed = await everyAccount()
    const unsigned = await tools({ secretsOf: () => none, mayBeUnsigned: () => true })
    const headers = { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}`, 'x-zevent-signature': `mac=${'0'.repeat(64)}` }
    for (const body of ['{"a":1}', 'no JSON']) {
      const delivery = raw({ source: name, account: null, headers, body: Buffer.from(body) })
      expect(parsesOf(source, delivery, signed)).toBeLessThanOrEqual(1)
      expect(parsesOf(source, delivery, unsigned)).toBeLessThanOrEqual(1)
    }
  })

  it('is parsed once for the account, a signed field and the reserialised body together', async () => {
    const source = ownMapping(
      {},
      {
        accounts: ['body.shop'],
        signature: { algorithm: 'sha256', header: 'x-sig', signed: '{body}{body.time}{secret}', body: 'reserialised' },
      },
    )
    const body = '{ "shop": "s", "time": "5" }'
    const digest = createHash('sha256').update(`{"shop":"s","time":"5"}5${whatsappSecret}`).digest('hex')
    const delivery = raw({ source: source.name, headers: { 'x-sig': digest }, body: Buffer.from(body) })
    const t = await tools()
    expect(deliveryRecord(source, delivery, 'application/json', t)).not.toBeNull()
    expect(parsesOf(source, delivery, t)).toBe(1)
  })
})
