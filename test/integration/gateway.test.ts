/** The gateway's HTTP as a client sees it: real sockets on loopback, Kafka in memory. */
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Writable } from 'node:stream'
import pino from 'pino'
import type { GatewayTools } from '../../services/gateway/deliveries.ts'
import { Intake } from '../../services/gateway/intake.ts'
import { gatewayRates } from '../../services/gateway/limits/gateway-rates.ts'
import { PendingBodies } from '../../services/gateway/limits/pending-bodies.ts'
import { LookUps } from '../../services/gateway/look-up/look-up.ts'
import { createGateway } from '../../services/gateway/server.ts'
import { GatewayConnections } from '../../services/gateway/verification/gateway-connections.ts'
import { systemClock } from '../../services/runtime/clock.ts'
import { Health } from '../../services/runtime/health/health.ts'
import { errorFacts } from '../../services/runtime/log.ts'
import { Metrics } from '../../services/runtime/metrics/metrics.ts'
import { DependencyError, type ProducerRecord } from '../../services/runtime/ports.ts'
import { serveStatus } from '../../services/runtime/process/status-server.ts'
import { emptyState } from '../../services/shared/conversations/state.ts'
import type { Source } from '../../services/shared/sources/index.ts'
import { settingAccess } from '../../services/shared/tokens/access.ts'
import { Bearers } from '../../services/shared/tokens/bearers.ts'
import { unconnectedAccounts } from '../../services/shared/unconnected/log.ts'
import { connectionRecord, messageEvent, testEnvelopes, testKeyring } from '../support/builders.ts'
import { item, sourceOf } from '../support/mapping.ts'
import { MemoryConversationStore } from '../support/memory-conversation-store.ts'

const secret = 'made up'
const source = sourceOf(
  {},
  {
    accounts: ['body.page'],
    signature: [
      { algorithm: 'hmac-sha256', header: 'x-sig' },
      { algorithm: 'equality', header: 'x-signals-key' },
    ],
    answer: { deadlineSeconds: 1 },
  },
)
const body = JSON.stringify({ items: [item] })
const signatureOf = (content: string) => createHmac('sha256', secret).update(content).digest('hex')
const headers = { 'content-type': 'application/json', 'x-sig': signatureOf(body) }
/** Accounts with a connection. */
const accounts = ['shop-1', 'hot', 'calm', '\u0e01 b', '../../etc', 'a'.repeat(256)]

const open = async (fields: Partial<GatewayTools> = {}, maxSockets = 1_000) => {
  const stored: ProducerRecord[] = []
  const logged: string[] = []
  let send: (records: readonly ProducerRecord[]) => Promise<void> = async () => {}
  const known = new Map<string, Source>([['example', source]])
  const metrics = new Metrics('gateway')
  const keyring = await testKeyring()
  const connections = new GatewayConnections(keyring)
  for (const accountId of accounts)
    connections.apply(accountId, connectionRecord({ connectionId: accountId, source: 'example', accountId }))
  const log = pino(
    { level: 'trace', serializers: { err: errorFacts } },
    new Writable({
      write: (text: Buffer, _encoding, done) => {
        logged.push(text.toString())
        done()
      },
    }),
  )
  const unconnected = unconnectedAccounts(
    'gateway',
    metrics,
    ['the status token'],
    (_source, account) => `hash of ${account}`,
  )
  const access = settingAccess('INGEST_TOKEN', ['ingest', 'look-up'])
  let isStarting = false
  const tools: GatewayTools = {
    sources: { get: (name) => known.get(name), names: () => [...known.keys()] },
    connections,
    keyring,
    envelopes: testEnvelopes(keyring),
    secretsOf: () => ({ secrets: [secret], verifyTokens: [], appId: undefined }),
    mayBeUnsigned: () => false,
    keepsUnconnected: false,
    intake: new Intake(
      {
        send: async (records) => {
          await send(records)
          stored.push(...records)
        },
        close: async () => {},
      },
      systemClock,
    ),
    metrics,
    maxBodyBytes: 10_000,
    bodies: new PendingBodies(),
    rates: gatewayRates(2_000, 0),
    bearers: new Bearers([{ token: 'the ingest token', access }]),
    unconnected,
    lookUps: null,
    now: systemClock.now,
    isReady: () => true,
    ...fields,
  }
  const server = createGateway(() => (isStarting ? null : tools), {
    log,
    maxSockets,
    timeouts: { headersTimeout: 300, requestTimeout: 300, connectionsCheckingInterval: 50, keepAliveTimeout: 5_000 },
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    stored,
    logged,
    metrics,
    unconnected,
    port,
    starting: (is: boolean) => {
      isStarting = is
    },
    kafka: (does: typeof send) => {
      send = does
    },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

let world: Awaited<ReturnType<typeof open>>
beforeEach(async () => {
  world = await open()
})
afterEach(() => world.close())

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Sends the path exactly as given; `fetch` would normalise it. */
const ask = (method: string, path: string, given: Record<string, string> = {}, content?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const request = httpRequest({ port: world.port, method, path, headers: given, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts).toString() }),
      )
    })
    request.once('error', reject)
    request.end(content)
  })
const post = (path = '/webhooks/example', given: Record<string, string> = headers, content = body) =>
  ask('POST', path, given, content)
const codeOf = ({ body: text }: Answer) => (JSON.parse(text) as { error: { code: string } }).error.code

describe('a delivery', () => {
  it('is answered once it is stored, not before', async () => {
    const happened: string[] = []
    world.kafka(async () => {
      happened.push('sent')
      await new Promise((resolve) => setTimeout(resolve, 100))
      happened.push('stored')
    })
    const { status } = await post()
    happened.push(`answered ${status}`)
    expect(happened).toEqual(['sent', 'stored', 'answered 200'])
  })

  it.each<[string, () => Promise<void>]>([
    ['is away', async () => Promise.reject(new DependencyError('kafka', 'away'))],
    ['does not answer', () => new Promise(() => {})],
  ])('is refused within the deadline of its source while Kafka %s', async (_name, does) => {
    world.kafka(does)
    const answer = await post()
    expect([answer.status, codeOf(answer), answer.headers['retry-after']]).toEqual([503, 'not_stored', '5'])
  })

  it('is taken again when Kafka is back', async () => {
    world.kafka(async () => Promise.reject(new DependencyError('kafka', 'away')))
    expect((await post()).status).toBe(503)
    world.kafka(async () => {})
    expect((await post()).status).toBe(200)
  })

  it('is answered 413 when it is too large, with a Content-Length or without', async () => {
    const large = 'x'.repeat(20_000)
    expect((await post('/webhooks/example', headers, large)).status).toBe(413)
    expect((await post('/webhooks/example', { ...headers, 'transfer-encoding': 'chunked' }, large)).status).toBe(413)
    expect((await post()).status).toBe(200)
  })

  it('that is compressed is answered 415: the signature covers other bytes', async () => {
    expect(codeOf(await post('/webhooks/example', { ...headers, 'content-encoding': 'gzip' }))).toBe('content_encoding')
  })
})

describe('an address', () => {
  it.each<[string, string, number]>([
    ['of a known source', '/webhooks/example', 200],
    ['with an account', '/webhooks/example/shop-1', 200],
    ['with an account in any script', '/webhooks/example/%E0%B8%81%20b', 200],
    ['with an account that climbs', '/webhooks/example/..%2F..%2Fetc', 200],
    ['with an account of the longest length', `/webhooks/example/${'a'.repeat(256)}`, 200],
    ['with a longer one', `/webhooks/example/${'a'.repeat(257)}`, 404],
    ['with a zero in it', '/webhooks/example/a%00b', 404],
    ['with a line break in it', '/webhooks/example/a%0D%0Ax:%20y', 404],
    ['that is no UTF-8', '/webhooks/example/%ff', 404],
    ['that is not encoded at all', '/webhooks/example/%zz', 404],
    ['of an unknown source', '/webhooks/nobody', 404],
    ['of an inherited property', '/webhooks/__proto__', 404],
    ['of an inherited constructor', '/webhooks/constructor', 404],
    ['with a part too many', '/webhooks/example/a/b', 404],
    ['that is no URL', '//', 400],
    ['that is unknown', '/', 404],
  ])('%s is answered %s %s', async (_name, path, status) => {
    expect((await post(path)).status).toBe(status)
    expect(world.stored).toHaveLength(status === 200 ? 1 : 0)
  })

  it.each<[string, string, number, string | undefined]>([
    ['OPTIONS', '/webhooks/example', 204, 'POST, GET, HEAD'],
    ['PUT', '/webhooks/example', 405, 'POST, GET, HEAD'],
    ['DELETE', '/webhooks/example/a', 405, 'POST, GET, HEAD'],
    ['GET', '/webhooks/example', 200, undefined],
    ['HEAD', '/webhooks/example', 200, undefined],
    ['GET', '/v1/message-events', 405, 'POST'],
    ['POST', '/readyz', 405, 'GET, HEAD'],
    ['HEAD', '/readyz', 200, undefined],
    ['GET', '/openapi.json', 200, undefined],
    ['POST', '/openapi.json', 405, 'GET, HEAD'],
  ])('answers %s %s with the allowed methods', async (method, path, status, allow) => {
    const answer = await ask(method, path)
    expect([answer.status, answer.headers.allow]).toEqual([status, allow])
  })
})

describe('a sender', () => {
  const socket = async (text: string): Promise<Socket> => {
    const opened = connect(world.port, '127.0.0.1')
    await once(opened, 'connect')
    opened.write(text)
    return opened
  }
  const allOf = async (opened: Socket): Promise<string> => {
    let text = ''
    for await (const part of opened) text += (part as Buffer).toString()
    return text
  }
  const head = `POST /webhooks/example HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-sig: ${headers['x-sig']}\r\ncontent-length: ${body.length}\r\n`

  it('that trickles its headers is cut off', async () => {
    expect(await allOf(await socket('POST /webhooks/example HTTP/1.1\r\nhost: x\r\n'))).toMatch(/^HTTP\/1\.1 408/)
  })

  it('that trickles its body is cut off, and nothing is stored', async () => {
    expect(await allOf(await socket(`${head}\r\n${body.slice(0, 5)}`))).toMatch(/^HTTP\/1\.1 408/)
    expect(world.stored).toEqual([])
  })

  it('that disconnects early leaves nothing behind, and counts as no fault', async () => {
    const opened = await socket(`${head}\r\n${body.slice(0, 5)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
    opened.destroy()
    expect((await post()).status).toBe(200)
    expect(world.stored).toHaveLength(1)
    expect(await world.metrics.render()).not.toMatch(/status="500"/)
  })

  it('that does not speak HTTP is answered 400', async () => {
    expect(await allOf(await socket('hello\r\n\r\n'))).toMatch(/^HTTP\/1\.1 400/)
  })

  it('that asks with Expect: 100-continue gets 100', async () => {
    const opened = await socket(`${head}expect: 100-continue\r\nconnection: close\r\n\r\n`)
    opened.write(body)
    expect(await allOf(opened)).toMatch(/^HTTP\/1\.1 100 Continue[\s\S]*HTTP\/1\.1 200/)
  })
})

describe('a gateway that has not read its connections', () => {
  it('answers 503 with the time to try again, and takes the delivery afterwards', async () => {
    world.starting(true)
    const events = { 'content-type': 'application/json', authorization: 'Bearer the ingest token' }
    for (const answer of [await post(), await post('/v1/message-events', events, JSON.stringify(messageEvent()))])
      expect([answer.status, codeOf(answer), answer.headers['retry-after']]).toEqual([503, 'starting', '5'])
    expect((await ask('GET', '/readyz')).status).toBe(503)
    world.starting(false)
    expect((await post()).status).toBe(200)
    expect(world.stored).toHaveLength(1)
  })
})

describe('what names an account without a connection', () => {
  const bodyOf = (page: string) => JSON.stringify({ page, items: [item] })
  const deliver = (page: string) =>
    post('/webhooks/example', { ...headers, 'x-sig': signatureOf(bodyOf(page)) }, bodyOf(page))

  it('is answered as usual, counted and not stored; the account is shown to operators only', async () => {
    expect((await deliver('stranger')).status).toBe(200)
    expect((await deliver('shop-1')).status).toBe(200)
    expect(world.stored.map(({ headers: given }) => given?.['verified-account'])).toEqual(['shop-1'])
    expect(await world.metrics.render()).toMatch(/signals_accounts_unconnected_total\{source="example",[^}]*\} 1/)
    expect(await world.metrics.render()).not.toContain('stranger')

    const health = new Health(systemClock)
    const status = await serveStatus(
      { port: 0, host: '127.0.0.1' },
      world.metrics,
      () => health.report(),
      undefined,
      world.unconnected.pages,
    )
    const read = (path: string, token?: string) =>
      fetch(`http://127.0.0.1:${status.port}${path}`, token ? { headers: { authorization: `Bearer ${token}` } } : {})
    try {
      expect((await read('/unconnected')).status).toBe(401)
      expect((await read('/unconnected', 'another')).status).toBe(401)
      const shown = await (await read('/unconnected', 'the status token')).json()
      expect(shown).toEqual({
        accounts: [
          { source: 'example', accountId: 'stranger', at: expect.any(Number), seenBy: 'gateway', label: 'hash of ' },
        ],
      })
      for (const path of ['/healthz', '/readyz', '/metrics'])
        expect(await (await read(path)).text()).not.toContain('stranger')
    } finally {
      await status.close()
    }
  })

  it('is kept to the last hundred accounts, newest first, without control characters', () => {
    for (let n = 0; n < 150; n++) world.unconnected.add('example', `a${n}`, n)
    world.unconnected.add('example', 'a\u001b[31m', 999)
    world.unconnected.add('example', 'a149', 1_000)
    const all = world.unconnected.all()
    expect(all).toHaveLength(100)
    expect(all.slice(0, 2).map(({ accountId }) => accountId)).toEqual(['a149', 'a\ufffd[31m'])
  })

  it('is not stored of message events, while the others are', async () => {
    const events = ['shop-1', 'stranger', 'calm'].map((accountId) => messageEvent({ source: 'example', accountId }))
    const given = { 'content-type': 'application/json', authorization: 'Bearer the ingest token' }
    const answer = await post('/v1/message-events', given, JSON.stringify(events))
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      200,
      {
        stored: 2,
        results: [
          { status: 'stored' },
          { status: 'not_stored', problems: [{ field: 'accountId', problem: 'no connection' }] },
          { status: 'stored' },
        ],
      },
    ])
    const invalid = await post('/v1/message-events', given, JSON.stringify([...events, { ...events[0], kind: 'x' }]))
    expect([invalid.status, (JSON.parse(invalid.body) as { stored: number }).stored]).toEqual([422, 0])
    expect(world.stored).toHaveLength(2)
  })
})

describe('a key in the address', () => {
  it('proves the sender, and reaches no log, also when a request fails', async () => {
    const path = (key: string) => `/webhooks/example?key=${key}`
    const plain = { 'content-type': 'application/json' }
    expect((await post(path('made%20up'), plain)).status).toBe(200)
    expect((await post(path('guessed-key'), plain)).status).toBe(401)
    world.kafka(async () => Promise.reject(new Error('made up: a bug')))
    expect((await post(path('made%20up'), plain)).status).toBe(500)
    expect(world.logged.join('')).toContain('a request failed')
    for (const text of ['made%20up', 'made up', 'guessed-key']) expect(world.logged.join('')).not.toContain(text)
  })
})

describe('a caller with wrong tokens', () => {
  it('is told to wait, with 429 and the time', async () => {
    const ask = (token: string) =>
      post('/v1/message-events', { 'content-type': 'application/json', authorization: `Bearer ${token}` }, '[]')
    for (let n = 0; n < 10; n++) expect((await ask(`guess ${n}`)).status).toBe(401)
    const answer = await ask('guess')
    expect(answer.status).toBe(429)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  })
})

describe('a look-up', () => {
  const asked = { source: 'example', accountId: 'shop-1', conversationId: 'c-1' }
  const bearer = { 'content-type': 'application/json', authorization: 'Bearer the look-up token' }
  const look = (fields: object = {}, given: Record<string, string> = bearer) =>
    post('/v1/attribution/look-up', given, JSON.stringify({ ...asked, ...fields }))
  const access = { id: 't1', tenantId: 'acme', accounts: null, scopes: ['look-up'] } as const
  const bearers = new Bearers([{ token: 'the look-up token', access }])
  const openWith = async (fields: Partial<GatewayTools> = {}) => {
    const keyring = await testKeyring()
    const store = new MemoryConversationStore()
    const connections = new GatewayConnections(keyring)
    for (const [accountId, tenantId] of [
      ['shop-1', 'acme'],
      ['theirs', 'zeta'],
    ] as const)
      connections.apply(
        accountId,
        connectionRecord({ connectionId: accountId, tenantId, source: 'example', accountId }),
      )
    for (const accountId of ['shop-1', 'theirs', 'stranger']) {
      const conversation = keyring.pseudonym('conversation', 'example', accountId, 'c-1')
      const touch = { occurredAt: 1_900, trackingId: 'click', message: null, within: 0 }
      const state = { ...emptyState, startedBy: '000000000001', startedAt: 2_000, touches: [touch], version: 1 }
      await store.write([{ conversation, state, basedOn: 0 }])
    }
    world.close()
    world = await open({ keyring, connections, bearers, lookUps: new LookUps(store, keyring), ...fields })
  }

  it('is answered with what the conversation is credited with', async () => {
    await openWith()
    const answer = await look()
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      200,
      { conversation: { startedAt: 2_000, origin: 'other', trackingId: 'click', adId: null, touchedAt: 1_900 } },
    ])
    expect(await world.metrics.render()).toContain('signals_look_ups_total{status="200"')
  })

  it('is answered alike for an unknown conversation, an unknown account and an account of others', async () => {
    await openWith()
    const answers = await Promise.all(
      [{ conversationId: 'c-2' }, { accountId: 'nobody' }, { accountId: 'theirs' }, { accountId: 'stranger' }].map(
        (one) => look(one),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404])
    expect(new Set(answers.map((one) => one.body)).size).toBe(1)
  })

  it('is refused without the scope, beyond the rate, and where the gateway answers none', async () => {
    const at = systemClock.now()
    await openWith({ rates: gatewayRates(0, 0, 1), now: () => at })
    expect([(await look()).status, (await look()).status]).toEqual([200, 429])
    await openWith({ lookUps: null })
    expect((await look()).status).toBe(501)
    await openWith({
      bearers: new Bearers([{ token: 'the look-up token', access: { ...access, scopes: ['ingest'] } }]),
    })
    expect((await look()).status).toBe(403)
  })

  it('is answered 503 while Redis is away, and deliveries are taken', async () => {
    const keyring = await testKeyring()
    const read = async () => Promise.reject(new DependencyError('redis', 'away'))
    await openWith({ lookUps: new LookUps({ read }, keyring) })
    const answer = await look()
    expect([answer.status, codeOf(answer), answer.headers['retry-after']]).toEqual([503, 'look_up_unavailable', '5'])
    expect((await post()).status).toBe(200)
  })

  it('is refused at once while many wait for a Redis that hangs', async () => {
    const keyring = await testKeyring()
    let waiting = 0
    const read = () => {
      waiting++
      return new Promise<never>(() => {})
    }
    await openWith({ lookUps: new LookUps({ read }, keyring) })
    const statuses: number[] = []
    const rest = Array.from({ length: 130 }, () => look().then(({ status }) => statuses.push(status)))
    await Promise.race(rest.slice(0, 130))
    expect(new Set(statuses)).toEqual(new Set([503]))
    expect(waiting).toBeLessThanOrEqual(128)
    void Promise.allSettled(rest)
  })
})

describe('a flood', () => {
  const open2 = async (...given: Parameters<typeof open>) => {
    world.close()
    world = await open(...given)
  }
  const sent = (account: string, content = body) =>
    post(`/webhooks/example/${account}`, { ...headers, 'x-sig': signatureOf(content) }, content)

  it('of one account is answered 503 with the time to wait; another passes', async () => {
    // No time passes, however long the requests take.
    const at = systemClock.now()
    await open2({ rates: gatewayRates(5, 0), now: () => at })
    const statuses = await Promise.all(Array.from({ length: 1_010 }, () => sent('hot').then(({ status }) => status)))
    expect(statuses.filter((status) => status === 200).length).toBe(1_000)
    const refused = await sent('hot')
    expect([refused.status, codeOf(refused), Number(refused.headers['retry-after'])]).toEqual([503, 'rate_account', 1])
    expect((await sent('calm')).status).toBe(200)
  }, 30_000)

  it('of one account that a gateway has no time for is answered 503 with the time to wait; another passes', async () => {
    const rates = gatewayRates(0, 0)
    await open2({ rates })
    expect((await sent('hot')).status).toBe(200)
    // The process comes round late, and the account has sent more than its share meanwhile.
    for (let n = 0; n < 40; n++) {
      rates.share.take('example\nhot', 1_000)
      rates.share.stored(5_000)
      rates.share.tick(1_000, 1)
    }
    rates.share.take('example\nhot', 1_000)
    const refused = await sent('hot')
    expect([refused.status, codeOf(refused), refused.headers['retry-after']]).toEqual([503, 'overloaded', '5'])
    expect((await sent('calm')).status).toBe(200)
  })

  const slow = async (account: string, bytes: number): Promise<Socket> => {
    const opened = connect(world.port, '127.0.0.1')
    await once(opened, 'connect')
    opened.on('error', () => {})
    opened.write(
      `POST /webhooks/example/${account} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-sig: ${headers['x-sig']}\r\ncontent-length: ${bytes + 1}\r\n\r\n${'x'.repeat(bytes)}`,
    )
    return opened
  }

  it('of unfinished bodies loses its own: every other delivery is answered 200', async () => {
    const bodies = new PendingBodies({ process: 100_000, source: 50_000, account: 20_000 })
    await open2({ bodies })
    const sockets = await Promise.all(Array.from({ length: 40 }, (_, n) => slow(`made-up-${n}`, 5_000)))
    const statuses = []
    for (let n = 0; n < 20; n++) statuses.push((await sent('calm')).status)
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(bodies.bytes).toBeLessThanOrEqual(50_000)
    for (const one of sockets) one.destroy()
  })

  it('of open sockets loses its own: a new sender is answered', async () => {
    await open2({}, 64)
    const idle = await Promise.all(
      Array.from({ length: 64 }, async () => {
        const opened = connect(world.port, '127.0.0.1')
        opened.on('error', () => {})
        await once(opened, 'connect')
        return opened
      }),
    )
    for (let n = 0; n < 10; n++) expect((await sent('calm')).status).toBe(200)
    expect(idle.some(({ destroyed, readyState }) => destroyed || readyState !== 'open')).toBe(true)
    for (const one of idle) one.destroy()
  })
})

describe('a request without a well-formed proof', () => {
  it.each<[string, Record<string, string>]>([
    ['without one', {}],
    ['with half a signature', { 'x-sig': 'abcd' }],
    ['with an unknown key', { 'x-signals-key': 'guessed' }],
  ])('%s is refused before its body arrives', async (_name, proof) => {
    const lines = Object.entries({ 'content-type': 'application/json', ...proof }).map((pair) => pair.join(': '))
    const opened = connect(world.port, '127.0.0.1')
    await once(opened, 'connect')
    const asked = ['POST /webhooks/example HTTP/1.1', 'host: x', 'content-length: 9000', ...lines]
    opened.write(`${asked.join('\r\n')}\r\n\r\n`)
    const [first] = (await once(opened, 'data')) as [Buffer]
    expect(first.toString()).toMatch(/^HTTP\/1\.1 401/)
    opened.destroy()
  })
})
