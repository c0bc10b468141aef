import { tmpdir } from 'node:os'
import { Exporter } from '../../../services/control/exporter.ts'
import { LagWatch } from '../../../services/control/lag-watch.ts'
import { allTopics, deadLetterTopic } from '../../../services/derived-topics.ts'
import { createLog } from '../../../services/runtime/log.ts'
import { Metrics } from '../../../services/runtime/metrics/metrics.ts'
import { DependencyError } from '../../../services/runtime/ports.ts'
import { topics } from '../../../services/topology.ts'
import { accountGrant, connectionRecord, noon } from '../../support/builders.ts'
import { MemoryCluster } from '../../support/memory-broker.ts'
import { MemoryRegistry } from '../../support/memory-registry.ts'

const info = new Map([
  ['used_memory', '2000000'],
  ['maxmemory', '8000000'],
  ['db0', 'keys=12,expires=3,avg_ttl=0'],
])

const world = async () => {
  let now = noon
  const cluster = new MemoryCluster()
  cluster.now = () => now
  const broker = cluster.open()
  await broker.createTopics(allTopics.map(({ name, partitions }) => ({ name, partitions, config: {} })))
  const producer = await broker.producer()
  const write = (topic: string) => producer.send([{ topic, key: null, value: Buffer.from('x') }])
  const metrics = new Metrics('console')
  const state = {
    redisAway: false,
    connections: [connectionRecord(), connectionRecord({ connectionId: 'two', status: 'paused' })],
  }
  const exporter = new Exporter({
    ...{ broker, metrics, dataDir: tmpdir(), log: createLog('test', 'fatal') },
    lag: new LagWatch(broker, { now: () => now }),
    redis: {
      info: async () => {
        if (state.redisAway) throw new DependencyError('redis', 'away')
        return info
      },
    },
    registry: new MemoryRegistry(),
    connections: () => state.connections,
    now: () => now,
  })
  const after = (seconds: number) => {
    now += seconds * 1000
  }
  return { state, exporter, write, after }
}

describe("the console's exporter", () => {
  it('tells the lag of groups that nobody runs, dead letters, Redis, connections', async () => {
    const { exporter, write, after } = await world()
    await write(topics.messages.name)
    await write(deadLetterTopic('ingest'))
    after(42)
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

  it("tells when accounts' tokens end, and nothing of it where nobody has one", async () => {
    const { exporter, state } = await world()
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

  it('says which dependency is away, and hides nothing else for it', async () => {
    const { exporter, state } = await world()
    state.redisAway = true
    const { dependencies, redis, disk } = await exporter.overview()
    expect(dependencies).toEqual({ kafka: true, redis: false, registry: true })
    expect(redis).toBeNull()
    expect(disk?.sizeBytes).toBeGreaterThan(0)
  })
})
