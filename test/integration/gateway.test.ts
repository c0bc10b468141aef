/** The gateway's HTTP as a client sees it: real sockets on loopback, Kafka in memory. */
import { DependencyError } from '../../services/runtime/ports.ts'
import { messageEvent } from '../support/builders.ts'
import { codeOf, type HttpGateway, headers, openHttpGateway } from '../support/http-gateway.ts'

let world: HttpGateway
beforeEach(async () => {
  world = await openHttpGateway()
})
afterEach(() => world.close())

const ask: HttpGateway['ask'] = (...asked) => world.ask(...asked)
const post: HttpGateway['post'] = (...sent) => world.post(...sent)

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
    // Kafka may store what it has not confirmed.
    expect(answer.body).toContain('if it was stored all the same, it counts once')
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

describe('a key in the address', () => {
  it('proves the sender, and reaches no log, also when a request fails', async () => {
    const path = (key: string) => `/webhooks/example?key=${key}`
    const plain = { 'content-type': 'application/json' }
    expect((await post(path('made%20up'), plain)).status).toBe(200)
    expect((await post(path('guessed-key'), plain)).status).toBe(401)
    world.kafka(async () => Promise.reject(new Error('made up: a bug')))
    expect((await post(path('made%20up'), plain)).status).toBe(500)
    expect(world.logged.join('')).toContain('a request failed')
    for (const code of ['signature_wrong', 'internal'])
      expect(await world.metrics.render()).toMatch(
        new RegExp(`signals_deliveries_refused_total\\{[^}]*source="example",code="${code}"[^}]*\\} 1\\b`),
      )
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
