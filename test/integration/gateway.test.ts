/** The gateway's HTTP as a client sees it: real sockets on loopback, Kafka in memory. */
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Intake } from '../../services/gateway/intake.ts'
import { createGateway } from '../../services/gateway/server.ts'
import { systemClock } from '../../services/runtime/clock.ts'
import { createLog } from '../../services/runtime/log.ts'
import { Metrics } from '../../services/runtime/metrics/metrics.ts'
import { DependencyError, type ProducerRecord } from '../../services/runtime/ports.ts'
import { ConnectionDirectory } from '../../services/shared/connections/directory.ts'
import type { Source } from '../../services/shared/sources/index.ts'
import { testEnvelopes, testKeyring } from '../support/builders.ts'
import { item, sourceOf } from '../support/mapping.ts'

const secret = 'made up'
const source = sourceOf(
  {},
  { signature: { algorithm: 'hmac-sha256', header: 'x-sig' }, answer: { deadlineSeconds: 1 } },
)
const body = JSON.stringify({ items: [item] })
const headers = { 'content-type': 'application/json', 'x-sig': createHmac('sha256', secret).update(body).digest('hex') }

const open = async () => {
  const stored: ProducerRecord[] = []
  let send: (records: readonly ProducerRecord[]) => Promise<void> = async () => {}
  const known = new Map<string, Source>([['example', source]])
  const metrics = new Metrics('gateway')
  const keyring = await testKeyring()
  const server = createGateway(
    {
      sources: { get: (name) => known.get(name), names: () => [...known.keys()] },
      directory: new ConnectionDirectory(),
      keyring,
      envelopes: testEnvelopes(keyring),
      secretsOf: () => ({ secrets: [secret], verifyTokens: [], appId: undefined }),
      mayBeUnsigned: () => false,
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
      log: createLog('test', 'fatal'),
      maxBodyBytes: 10_000,
      ingestToken: 'token',
      now: systemClock.now,
      isReady: () => true,
    },
    { headersTimeout: 300, requestTimeout: 300, connectionsCheckingInterval: 50, keepAliveTimeout: 5_000 },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    stored,
    metrics,
    port,
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
