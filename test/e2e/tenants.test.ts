/** Two advertisers on one pipeline of real processes: neither speaks for the other, and each has tokens of its own. */
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Request, whatsappSecret } from '../../services/local/demo/webhooks.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { openRegistry } from '../../services/runtime/adapters/registry/registry.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import type { ConsumedRecord } from '../../services/runtime/ports.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { readWhole } from '../../services/runtime/topics/read-topic.ts'
import type { RefusedDeliveries } from '../../services/shared/refused/refused-deliveries.ts'
import { tokenHash } from '../../services/shared/tokens/bearers.ts'
import { topics } from '../../services/topology.ts'
import { messageEvent } from '../support/builders.ts'
import { eventually } from '../support/eventually.ts'
import { openWorld, type World } from '../support/world.ts'

const change = (account: string, id: string) => ({
  field: 'messages',
  value: {
    metadata: { phone_number_id: account },
    messages: [
      {
        ...{ from: `52155${id}`, id: `wamid.${account}.${id}`, timestamp: String(Math.floor(Date.now() / 1000)) },
        ...{ type: 'text', text: { body: 'ya hice el pago' } },
      },
    ],
  },
})
/** A delivery of WhatsApp with a message for each account, signed with the secret. */
const delivery = (accounts: readonly string[], id: string, secret: string, path = '/webhooks/whatsapp'): Request => {
  const entry = [{ id: '1', changes: accounts.map((account) => change(account, id)) }]
  const body = JSON.stringify({ object: 'whatsapp_business_account', entry })
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  return { path, headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` }, body }
}

interface Received {
  readonly eventSourceId: string
}

describe('two tenants', () => {
  let world: World

  beforeAll(async () => {
    world = await openWorld()
    const connections = [
      { connectionId: 'a', tenantId: 'acme', accountId: 'A', webhookSecret: 'the secret of A' },
      { connectionId: 'b', tenantId: 'zeta', accountId: 'B' },
    ]
    for (const one of connections) {
      const rest = {
        source: 'whatsapp',
        advertiserId: '7',
        eventSetId: `set-${one.connectionId}`,
        accessToken: `token-${one.connectionId}`,
      }
      const file = world.file(`${one.connectionId}.json`, JSON.stringify({ ...one, ...rest }))
      await signals('connections', 'add', '--file', file)
    }
    await signals('keywords', 'import', world.file('keywords.csv', 'keyword,flag\npago,payment\n'))
  }, 120_000)
  afterAll(() => world?.stop(), 60_000)

  const signals = async (...args: string[]) => {
    const { code, stdout, stderr } = await world.pipeline.signals(...args)
    if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`)
    return stdout
  }
  const status = async (request: Request) => (await world.post(request)).status
  /** How many events TikTok received for an event set. */
  const received = async (eventSet: string) => {
    const { simulator } = world.pipeline.ready
    const { events } = (await (await fetch(`${simulator}/_events?limit=100000`)).json()) as { events: Received[] }
    return events.filter(({ eventSourceId }) => eventSourceId === eventSet).length
  }
  const metrics = () => world.pipeline.ready.metrics.gateway as string
  const counter = async (name: string) => {
    const text = await (await fetch(metrics())).text()
    const series = text.matchAll(new RegExp(`^${name}\\{source="whatsapp"[^}]*\\} (\\d+)`, 'gm'))
    return [...series].reduce((sum, [, value]) => sum + Number(value), 0)
  }

  it('are each reported for by their own deliveries', async () => {
    expect(await status(delivery(['A'], '1', 'the secret of A'))).toBe(200)
    expect(await status(delivery(['B'], '1', whatsappSecret))).toBe(200)
    await eventually(
      'two events for each',
      async () => (await received('set-a')) === 2 && (await received('set-b')) === 2,
    )
  }, 60_000)

  it("do not speak for each other with their own secrets, nor with the source's", async () => {
    expect(await status(delivery(['B'], '2', 'the secret of A'))).toBe(401)
    expect(await status(delivery(['B'], '2', 'the secret of A', '/webhooks/whatsapp/A'))).toBe(400)
    expect(await status(delivery(['A'], '2', whatsappSecret))).toBe(401)
    // Of a body that names both, each secret proves its own account's part.
    expect(await status(delivery(['A', 'B'], '3', 'the secret of A'))).toBe(200)
    expect(await status(delivery(['A', 'B'], '4', whatsappSecret))).toBe(200)
    await eventually('two more for each', async () => (await received('set-a')) >= 4 && (await received('set-b')) >= 4)
    expect(await status(delivery(['A'], '5', 'the secret of A'))).toBe(200)
    await eventually('the last one', async () => (await received('set-a')) >= 6)
    expect([await received('set-a'), await received('set-b')]).toEqual([6, 4])
    expect(await counter('signals_accounts_unverified_total')).toBe(2)
    const { refused } = JSON.parse(await signals('status', '--json')) as { refused: RefusedDeliveries[] }
    expect(refused.map(({ connectionId, code, count }) => [connectionId, code, count]).sort()).toEqual([
      ['a', 'account_contradicted', 1],
      ['a', 'signature_wrong', 2],
      ['b', 'signature_wrong', 2],
    ])
    expect(JSON.parse(await signals('connections', 'activity', 'b', '--json'))).toMatchObject({
      refused: [{ connectionId: 'b', code: 'signature_wrong', count: 2 }],
    })
  }, 60_000)

  it('have tokens that hand over events of their own accounts only', async () => {
    const made = JSON.parse(
      await signals('tokens', 'create', '--tenant', 'acme', '--scope', 'ingest', 'report', '--json'),
    )
    expect(made).toMatchObject({ tenantId: 'acme', scopes: ['ingest', 'report'], notYetInForce: [] })
    const { gateway, console: console_ } = world.pipeline.ready
    const ask = (url: string, init: RequestInit = {}) =>
      fetch(url, { ...init, headers: { authorization: `Bearer ${made.token}`, 'content-type': 'application/json' } })
    const events = ['A', 'B', 'stranger'].map((accountId) =>
      messageEvent({
        accountId,
        conversationId: `${accountId}:t`,
        messageId: `t-${accountId}`,
        text: 'pago',
        occurredAt: Date.now(),
      }),
    )
    const answer = await ask(`${gateway}/v1/message-events`, { method: 'POST', body: JSON.stringify(events) })
    const { results } = (await answer.json()) as { results: { status: string; problems?: unknown }[] }
    expect([answer.status, results.map((one) => one.status)]).toEqual([200, ['stored', 'not_stored', 'not_stored']])
    expect(results[1]?.problems).toEqual(results[2]?.problems)

    const seen = (await (await ask(`${console_}/admin/v1/overview`)).json()) as { refused: RefusedDeliveries[] }
    expect(new Set(seen.refused.map(({ connectionId }) => connectionId))).toEqual(new Set(['a']))
    const list = (await (await ask(`${console_}/admin/v1/connections`)).json()) as { connectionId: string }[]
    expect(list.map(({ connectionId }) => connectionId)).toEqual(['a'])
    expect((await ask(`${console_}/admin/v1/connections/b`)).status).toBe(404)
    expect((await ask(`${console_}/admin/v1/connections/a/pause`, { method: 'POST' })).status).toBe(403)

    const asking = JSON.parse(await signals('tokens', 'create', '--tenant', 'acme', '--scope', 'look-up', '--json'))
    const lookUp = async (accountId: string) => {
      const response = await fetch(`${gateway}/v1/attribution/look-up`, {
        method: 'POST',
        headers: { authorization: `Bearer ${asking.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ source: 'whatsapp', accountId, conversationId: `${accountId}:t` }),
      })
      return { status: response.status, body: await response.json() }
    }
    await eventually('attribution has the conversation', async () => (await lookUp('A')).status === 200)
    expect((await lookUp('A')).body).toEqual({
      conversation: { startedAt: events[0]?.occurredAt, origin: 'none', trackingId: null, adId: null, touchedAt: null },
    })
    expect(await lookUp('B')).toEqual(await lookUp('stranger'))
    expect((await lookUp('B')).status).toBe(404)

    const explain = (body: object) =>
      ask(`${console_}/admin/v1/explain`, { method: 'POST', body: JSON.stringify(body) })
    const ofA = { connectionId: 'a', conversationId: 'A:t' }
    await eventually('an explanation of what TikTok answered', async () => {
      const found = (await (await explain(ofA)).json()) as {
        received: { outcome: string }[]
        messages: { signals: { kind: string; result: string }[] }[]
      }
      const results = found.messages.flatMap((one) => one.signals.map(({ kind, result }) => `${kind} ${result}`))
      return (
        found.received[0]?.outcome === 'let_in' && results.sort().join() === 'conversation accepted,keyword accepted'
      )
    })
    expect((await explain({ connectionId: 'b', conversationId: 'B:t' })).status).toBe(404)
    expect((await explain({ ...ofA, showText: true })).status).toBe(403)
    const today = new Date().toISOString().slice(0, 10)
    const rows = await (await ask(`${console_}/admin/v1/report?from=${today}&to=${today}`)).json()
    expect(new Set((rows as { connectionId: string }[]).map(({ connectionId }) => connectionId))).toEqual(
      new Set(['a']),
    )

    expect(await signals('tokens', 'list')).not.toContain(made.token.slice(-20))
    await signals('tokens', 'revoke', made.tokenId)
    expect((await ask(`${gateway}/v1/message-events`, { method: 'POST', body: '[]' })).status).toBe(401)
    expect((await ask(`${console_}/admin/v1/connections`)).status).toBe(401)
    await eventually('the event of A', async () => (await received('set-a')) >= 8)
    expect(await received('set-b')).toBe(4)
  }, 60_000)

  it('share a pipeline that keeps nothing of strangers, and names them to operators', async () => {
    expect(await status(delivery(['stranger-9'], '6', whatsappSecret))).toBe(200)
    const shown = JSON.parse(await signals('status', '--json')) as { unconnected: { accountId: string }[] }
    expect(shown.unconnected.map(({ accountId }) => accountId)).toEqual(['stranger-9', 'stranger'])
    const { stdout } = await world.pipeline.signals('doctor', '--json')
    const found = JSON.parse(stdout) as { what: string; remedy: string | null }[]
    expect(found.map(({ what }) => what).join('\n')).toMatch(/2 accounts without a connection.*stranger-9/)
    expect(found.map(({ what }) => what).join('\n')).toMatch(
      /the bearer of INGEST_TOKEN .* every tenant, and there are 2/,
    )
    expect(await counter('signals_accounts_unconnected_total')).toBe(2)
    // Nothing of it is in Kafka: the log of the topic holds no record of the source's proof for it.
    const health = await (
      await fetch((world.pipeline.ready.metrics.gateway as string).replace('/metrics', '/healthz'))
    ).text()
    expect(health).not.toContain('stranger')
    for (const log of ['gateway.log', 'ingest.log'])
      expect(readFileSync(join(world.dataDir, 'logs', log), 'utf8')).not.toContain('stranger')
  }, 60_000)

  it('are not steered by records that another program writes to Kafka', async () => {
    const { brokers, registry } = world.pipeline.ready
    const broker = openBroker(kafkaSettingsOf(process.env, brokers, 'forger'))
    const codec = await Codec.open(openRegistry({ url: registry }))
    const producer = await broker.producer()
    try {
      const records: ConsumedRecord[] = []
      await readWhole(broker, topics.connections.name, (record) => void records.push(record))
      const last = records.findLast(({ key }) => key === 'b') as ConsumedRecord
      await codec.prepare([last])
      const b = codec.decode('connections', last)
      const theirs = { ...b, revision: b.revision + 50, changeId: 'x', eventSetId: 'theirs' }
      const lists: ConsumedRecord[] = []
      await readWhole(broker, topics.keywordLists.name, (record) => void lists.push(record))
      await codec.prepare(lists)
      const list = codec.decode('keywordLists', lists.at(-1) as ConsumedRecord)
      const entries = list.entries.map((entry) => ({ ...entry, keyword: 'hice', flag: 'theirs' }))
      const token = { tokenId: 'f0f0f0f0f0f0', name: 'x', tenantId: null, accounts: null, scopes: ['admin'] as const }
      const by = { createdAt: 1, createdBy: 'x', revokedAt: null, revokedBy: null }
      const pair = { revision: 1, keyId: '0'.repeat(16), sealed: Buffer.alloc(0), changedAt: Date.now() }
      const request = { connectionId: 'b', source: 'whatsapp', accountId: 'B', code: null, occurredAt: Date.now() }
      const forged: [string, string, Buffer | null][] = [
        [topics.connections.name, 'b', codec.encode('connections', theirs)],
        [topics.connections.name, 'a', null],
        [topics.keywordLists.name, 'default@9', codec.encode('keywordLists', { ...list, version: 9, entries })],
        [
          topics.tokens.name,
          token.tokenId,
          codec.encode('tokens', { ...token, hash: tokenHash('a-forged-token-1'), ...by }),
        ],
        [
          topics.dataSecrets.name,
          'envelope-pair/99991231-ffffffff',
          codec.encode('dataSecrets', { ...pair, publicKey: Buffer.alloc(32, 9), signedUpTo: null }),
        ],
        [
          topics.connectionRequests.name,
          'b',
          codec.encode('connectionRequests', { kind: 'withdrawn', ...request, changedAt: null }),
        ],
      ]
      await producer.send(
        forged.map(([topic, key, value]) => ({
          topic,
          key,
          value,
          headers: { signature: last.headers.signature ?? '' },
        })),
      )
    } finally {
      await producer.close()
      await broker.close()
    }
    const { metrics, console: console_ } = world.pipeline.ready
    const refusedBy = async (url: string) => {
      const text = await (await fetch(url)).text()
      const found = text.matchAll(/^signals_records_refused_total\{topic="([^"]+)",reason="invalid"[^}]*\} [1-9]/gm)
      return Array.from(found, ([, topic]) => topic as string).sort()
    }
    const [ingest, keywords, gateway] = ['ingest', 'keywords', 'gateway'].map((stage) => metrics[stage] as string)
    const both = ['connections.v1', 'data-secrets.v1']
    await eventually('each process has refused them', async () => {
      const all = await Promise.all(
        [ingest, keywords, gateway, `${console_}/metrics`].map((url) => refusedBy(url as string)),
      )
      return (
        JSON.stringify(all) ===
        JSON.stringify([
          both,
          [...both, 'keyword-lists.v1'],
          [...both, 'tokens.v1'],
          ['connection-requests.v1', ...both, 'tokens.v1'],
        ])
      )
    })
    const [a, b] = [await received('set-a'), await received('set-b')]
    expect(await status(delivery(['A'], '7', 'the secret of A'))).toBe(200)
    expect(await status(delivery(['B'], '7', whatsappSecret))).toBe(200)
    await eventually(
      'two more for each',
      async () => (await received('set-a')) + (await received('set-b')) === a + b + 4,
    )
    expect([await received('theirs'), await received('set-a'), await received('set-b')]).toEqual([0, a + 2, b + 2])
    const forgedToken = { headers: { authorization: 'Bearer a-forged-token-1' } }
    expect((await fetch(`${console_}/admin/v1/connections`, forgedToken)).status).toBe(401)

    const doctor = async () => (await world.pipeline.signals('doctor')).stdout
    expect(await doctor()).toMatch(/5 records that this pipeline has not signed: connections.v1 b at offset/)
    expect((await world.pipeline.signals('keys', 'sign-records')).code).toBe(1)
    expect(await doctor()).toContain('connections, lists, tokens and keys are signed')
    expect((await world.pipeline.signals('keys', 'sign-records')).code).toBe(0)
  }, 90_000)
})
