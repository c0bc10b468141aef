/** Accounts without a connection: answered as usual, and not stored. */
import { systemClock } from '../../services/runtime/clock.ts'
import { Health } from '../../services/runtime/health/health.ts'
import { serveStatus } from '../../services/runtime/process/status-server.ts'
import { messageEvent } from '../support/builders.ts'
import { type HttpGateway, headers, openHttpGateway, signatureOf } from '../support/http-gateway.ts'
import { item } from '../support/mapping.ts'

let world: HttpGateway
beforeEach(async () => {
  world = await openHttpGateway()
})
afterEach(() => world.close())

const post: HttpGateway['post'] = (...sent) => world.post(...sent)

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
