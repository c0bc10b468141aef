/** Runs dispatch alone, as a real process on real Kafka, Redis and registry; the scenario writes its signals, the simulator receives them. */
import { hash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localFields } from '../../services/local/config.ts'
import { runningState } from '../../services/local/supervisor/state-file.ts'
import { Supervisor } from '../../services/local/supervisor/supervisor.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { openRegistry } from '../../services/runtime/adapters/registry/registry.ts'
import { kafkaSettingsOf, loadConfig } from '../../services/runtime/config.ts'
import { Keyring } from '../../services/runtime/keys/keyring.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { connectionRecordOf } from '../../services/shared/connections/connection.ts'
import { parseConnection } from '../../services/shared/connections/connection-file.ts'
import type { ConnectionRecord } from '../../services/shared/model/connection-record.ts'
import type { Delivery, Signal } from '../../services/shared/model/topic-values.ts'
import { topics } from '../../services/topology.ts'
import { signingBroker } from '../support/signing-broker.ts'

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
export const print = (line: string) => process.stdout.write(`${line}\n`)

export interface Arrived {
  readonly id: string
  readonly connectionId: string
  /** ms */
  readonly at: number
  readonly duplicate: boolean
}

export interface DispatchAlone {
  /** Adds connections or gives them new tokens. Each connection is an advertiser of its own. */
  connect(connectionIds: readonly string[], tokenOf?: (connectionId: string) => string): Promise<void>
  send(signals: readonly Signal[]): Promise<void>
  /** Adds faults to the simulator. @returns their ids */
  fault(...faults: object[]): Promise<readonly number[]>
  clear(faultIds: readonly number[]): Promise<void>
  /** Everything that the simulator has accepted, in order of arrival. */
  arrived(): Promise<readonly Arrived[]>
  stats(): Promise<{ calls: number; refused: number; events: number; duplicates: number }>
  /** Records of `deliveries.v1` so far, by signal id. */
  readonly deliveries: ReadonlyMap<string, readonly Delivery[]>
  /** Of the present dispatch process; 0 while none runs. */
  pid(): number
  /** A metric's sum over all labels. */
  metric(name: string): Promise<number>
  /** Lines of dispatch's metrics for outcomes, calls, breakers and retries. */
  outcomes(): Promise<readonly string[]>
  stop(): Promise<void>
}

export const tokenOf = (connectionId: string) => `token-of-${connectionId}`

export const openDispatchAlone = async (settings: Readonly<Record<string, string>>): Promise<DispatchAlone> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'signals-scenario-'))
  const masterKey = Buffer.alloc(32, 1).toString('base64')
  const env = {
    ...process.env,
    SIGNALS_DATA_DIR: dataDir,
    SIGNALS_MASTER_KEY: masterKey,
    SIMULATOR_KEEP: '1000000',
    LOG_LEVEL: 'warn',
    KAFKA_BROKERS: '',
    REDIS_URL: '',
    SCHEMA_REGISTRY_URL: '',
    TIKTOK_BASE_URL: '',
    ...settings,
  }
  const supervisor = new Supervisor(loadConfig(localFields, env), env, () => {})
  const parts = await supervisor.startParts()
  const { simulator, metrics } = await supervisor.startServices(parts, ['simulator', 'dispatch'])
  const broker = openBroker(kafkaSettingsOf(process.env, parts.brokers, 'scenario'))
  const codec = await Codec.open(openRegistry(parts.registry))
  const keyring = await Keyring.open(masterKey)
  const producer = await signingBroker(broker, masterKey).producer()
  /** A new token replaces a record within its consent, as in production: a record anew would be another consent, which withholds what waits. */
  const connections = new Map<string, ConnectionRecord>()
  const deliveries = new Map<string, Delivery[]>()
  const following = await broker.follow([topics.deliveries.name], async (record) => {
    await codec.prepare([record])
    const delivery = codec.decode('deliveries', record)
    const others = deliveries.get(delivery.signalId)
    if (others) others.push(delivery)
    else deliveries.set(delivery.signalId, [delivery])
  })
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${simulator}${path}`, init)
    if (!response.ok) throw new Error(`the simulator answers ${response.status} to ${path}`)
    return response.text()
  }

  return {
    connect: (connectionIds, token = tokenOf) =>
      producer.send(
        connectionIds.map((connectionId) => {
          const input = {
            connectionId,
            tenantId: 'scenario',
            source: 'whatsapp',
            accountId: connectionId,
            advertiserId: `advertiser-${connectionId}`,
            eventSetId: connectionId,
            accessToken: token(connectionId),
          }
          const before = connections.get(connectionId)
          const record = connectionRecordOf(parseConnection(input), before, Date.now(), keyring)
          connections.set(connectionId, record)
          return { topic: topics.connections.name, key: connectionId, value: codec.encode('connections', record) }
        }),
      ),
    send: (signals) =>
      producer.send(
        signals.map((signal) => ({
          topic: topics.signals.name,
          key: signal.connectionId,
          value: codec.encode('signals', signal),
        })),
      ),
    fault: async (...faults) => {
      const answer = await ask('/_control/faults', { method: 'POST', body: JSON.stringify(faults) })
      return (JSON.parse(answer) as { faults: { id: number }[] }).faults.map(({ id }) => id)
    },
    clear: async (faultIds) => {
      for (const id of faultIds) await fetch(`${simulator}/_control/faults/${id}`, { method: 'DELETE' })
    },
    arrived: async () => {
      const lines = (await ask('/_events?limit=1000000&format=ndjson')).split('\n').filter((line) => line !== '')
      return lines.map((line): Arrived => {
        const { receivedAt, eventSourceId, duplicate, event } = JSON.parse(line) as {
          receivedAt: string
          eventSourceId: string
          duplicate: boolean
          event: { event_id: string }
        }
        return { id: event.event_id, connectionId: eventSourceId, at: Date.parse(receivedAt), duplicate }
      })
    },
    stats: async () => JSON.parse(await ask('/_stats')),
    deliveries,
    pid: () => runningState(dataDir)?.children.dispatch?.pid ?? 0,
    metric: async (name) => {
      const text = await (await fetch(metrics.dispatch as string)).text()
      const values = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
    },
    outcomes: async () => {
      const text = await (await fetch(metrics.dispatch as string)).text()
      return text
        .split('\n')
        .filter((line) => /^signals_(outcomes|tiktok_calls|breaker_moves|retries)_total/.test(line))
    },
    stop: async () => {
      await following.stop()
      await producer.close()
      await broker.close()
      await supervisor.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** The n-th signal of a connection. */
export const signalOf = (n: number, connectionId: string, at: number): Signal => ({
  // The sent log keeps the first half of an id, so ids must differ there, as a keyed hash does.
  signalId: hash('sha256', `${connectionId}/${n}`, 'hex').slice(0, 32),
  connectionId,
  kind: n % 4 === 0 ? 'keyword' : 'conversation',
  flags: n % 4 === 0 ? ['payment'] : [],
  trackingId: n % 3 === 0 ? `tracking-${n}` : null,
  occurredAt: at,
  channel: 'whatsapp',
  keywordListVersion: n % 4 === 0 ? 1 : null,
  event: null,
  value: null,
  currency: null,
  origin: null,
  countOnly: false,
})

/** Calls `give` with ranges of 0 to `count`, evenly over `seconds`. */
export const evenly = async (count: number, seconds: number, give: (from: number, to: number) => Promise<void>) => {
  const began = Date.now()
  for (let given = 0; given < count; ) {
    const due = Math.min(count, Math.ceil(((Date.now() - began) / (seconds * 1_000)) * count))
    if (due > given) await give(given, due)
    given = Math.max(given, due)
    await sleep(10)
  }
}

export const quantile = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0
}
