/** Slow, hostile and busy senders at the gateway: real sockets on loopback, Kafka in memory. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { gatewayRates } from '../../services/gateway/limits/gateway-rates.ts'
import { PendingBodies } from '../../services/gateway/limits/pending-bodies.ts'
import { systemClock } from '../../services/runtime/clock.ts'
import { body, codeOf, type HttpGateway, headers, openHttpGateway, signatureOf } from '../support/http-gateway.ts'

let world: HttpGateway
beforeEach(async () => {
  world = await openHttpGateway()
})
afterEach(() => world.close())

const post: HttpGateway['post'] = (...sent) => world.post(...sent)

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

describe('a flood', () => {
  const open2 = async (...given: Parameters<typeof openHttpGateway>) => {
    world.close()
    world = await openHttpGateway(...given)
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
