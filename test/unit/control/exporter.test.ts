import { tmpdir } from 'node:os'
import { Exporter } from '../../../services/control/exporter.ts'
import { LagWatch } from '../../../services/control/lag-watch.ts'
import { allTopics, deadLetterTopic } from '../../../services/derived-topics.ts'
import { createLog } from '../../../services/runtime/log.ts'
import { Metrics } from '../../../services/runtime/metrics/metrics.ts'
import { DependencyError } from '../../../services/runtime/ports.ts'
import { topics } from '../../../services/topology.ts'
import { accountGrant, connectionRecord, noon } from '../../support/builders.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { MemoryCluster } from '../../support/memory-broker.ts'
import { MemoryRegistry } from '../../support/memory-registry.ts'

const info = new Map([
  ['used_memory', '2000000'],
  ['maxmemory', '8000000'],
  ['db0', 'keys=12,expires=3,avg_ttl=0'],
])

const open = async () => {
  const clock = new FakeClock(noon)
  const cluster = new MemoryCluster()
  cluster.now = clock.now
  const broker = cluster.open()
  await broker.createTopics(allTopics.map(({ name, partitions }) => ({ name, partitions, config: {} })))
  const producer = await broker.producer()
  const write = (topic: string) => producer.send([{ topic, key: null, value: Buffer.from('x') }])
  const metrics = new Metrics('console')
  const state = {
    redis: 'up' as 'up' | 'down' | 'silent',
    connections: [connectionRecord(), connectionRecord({ connectionId: 'two', status: 'paused' })],
  }
  const exporter = new Exporter({
    ...{ broker, metrics, clock, dataDir: tmpdir(), log: createLog('test', 'fatal') },
    lag: new LagWatch(broker, clock),
    redis: {
      info: async () => {
        if (state.redis === 'silent') return new Promise<never>(() => {})
        if (state.redis === 'down') throw new DependencyError('redis', 'down')
        return info
      },
    },
    registry: new MemoryRegistry(),
    connections: () => state.connections,
  })
  return { state, exporter, write, clock }
}

/** Fires the time-out of the one query that stays unanswered. The others use real IO, so the test waits for them first. */
const timedOut = async <T>(work: Promise<T>, clock: FakeClock): Promise<T> => {
  while (clock.pending !== 1) await new Promise((resolve) => setImmediate(resolve))
  await clock.advance(1_000)
  return work
}

describe("the console's exporter", () => {
  it('exports the lag of groups without a consumer, dead letters, Redis, connections', async () => {
    const { exporter, write, clock } = await open()
    await write(topics.messages.name)
    await write(deadLetterTopic('ingest'))
    await clock.advance(42_000)
    const text = await exporter.render()
    for (const line of [
      'signals_lag_seconds{group="signals-attribution",topic="messages.v1",partition="0",stage="console"} 42',
      'signals_lag_messages{group="signals-keywords",topic="attributed-messages.v1",partition="0",stage="console"} 0',
      'signals_dead_letter_records{topic="channel-events.ingest.dead.v1",stage="console"} 1',
      'signals_dependency_up{dependency="kafka",stage="console"} 1',
      'signals_dependency_up{dependency="registry",stage="console"} 1',
      'signals_redis_keys{stage="console"} 12',
      'signals_redis_memory_bytes{stage="console"} 2000000',
      'signals_redis_memory_limit_bytes{stage="console"} 8000000',
      'signals_connections{status="active",stage="console"} 1',
      'signals_connections{status="reconnect",stage="console"} 0',
    ])
      expect(text).toContain(line)
    expect(text).toMatch(/signals_disk_free_bytes\{stage="console"\} \d{4,}/)
  })

  it("exports when accounts' tokens expire, and no such series without an account", async () => {
    const { exporter, state } = await open()
    expect(await exporter.render()).not.toContain('signals_account_token_expiry_seconds{')
    const hour = 3_600_000
    state.connections = [
      connectionRecord(),
      connectionRecord({ account: accountGrant() }),
      connectionRecord({ account: accountGrant({ expiresAt: noon + 4 * hour }) }),
      connectionRecord({ account: accountGrant({ expiresAt: noon - hour }) }),
    ]
    const text = await exporter.render()
    for (const line of [
      'signals_account_tokens{state="valid",stage="console"} 1',
      'signals_account_tokens{state="expiring",stage="console"} 1',
      'signals_account_tokens{state="expired",stage="console"} 1',
      'signals_account_token_expiry_seconds{token="access",stage="console"} -3600',
      `signals_account_token_expiry_seconds{token="refresh",stage="console"} ${365 * 86_400}`,
    ])
      expect(text).toContain(line)
    state.connections = []
    expect(await exporter.render()).not.toContain('signals_account_token_expiry_seconds{')
  })

  it.each(['down', 'silent'] as const)(
    'names a dependency that is %s, and hides no other value',
    async (redisState) => {
      const { exporter, state, clock } = await open()
      state.redis = redisState
      const { dependencies, redis, disk } = await (redisState === 'silent'
        ? timedOut(exporter.overview(), clock)
        : exporter.overview())
      expect(dependencies).toEqual({ kafka: true, redis: false, registry: true })
      expect(redis).toBeNull()
      expect(disk?.sizeBytes).toBeGreaterThan(0)
    },
  )
})
