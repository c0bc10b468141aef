/** Look-ups at the gateway. */
import type { GatewayTools } from '../../services/gateway/deliveries.ts'
import { gatewayRates } from '../../services/gateway/limits/gateway-rates.ts'
import { LookUps } from '../../services/gateway/look-up/look-up.ts'
import { GatewayConnections } from '../../services/gateway/verification/gateway-connections.ts'
import { systemClock } from '../../services/runtime/clock.ts'
import { DependencyError } from '../../services/runtime/ports.ts'
import { emptyState } from '../../services/shared/conversations/state.ts'
import { Bearers } from '../../services/shared/tokens/bearers.ts'
import { connectionRecord, testKeyring } from '../support/builders.ts'
import { codeOf, type HttpGateway, openHttpGateway } from '../support/http-gateway.ts'
import { MemoryConversationStore } from '../support/memory-conversation-store.ts'

let world: HttpGateway
beforeEach(async () => {
  world = await openHttpGateway()
})
afterEach(() => world.close())

const post: HttpGateway['post'] = (...sent) => world.post(...sent)

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
    world = await openHttpGateway({ keyring, connections, bearers, lookUps: new LookUps(store, keyring), ...fields })
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
