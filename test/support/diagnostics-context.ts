/** A pipeline in whom the doctor finds nothing; a test makes it ill. */
import { latestSchema } from '../../schemas/index.ts'
import { allTopics } from '../../services/derived-topics.ts'
import type { SealedDataSecret } from '../../services/runtime/keys/keyring.ts'
import { DependencyError, type RedisCommands } from '../../services/runtime/ports.ts'
import type { Connection } from '../../services/shared/connections/directory.ts'
import type { KeywordListRecord } from '../../services/shared/model/keyword-list.ts'
import { loadSources } from '../../services/shared/sources/index.ts'
import type { DiagnosticsContext } from '../../services/tools/doctor/diagnostics-context.ts'
import { runChecks } from '../../services/tools/doctor/run-checks.ts'
import { settingsOf } from '../../services/tools/topics/provision.ts'
import { subjectOf } from '../../services/topology.ts'
import { connectionRecord as connection, masterKey, noon } from './builders.ts'
import { MemoryCluster } from './memory-broker.ts'
import { MemoryRegistry } from './memory-registry.ts'

const sources = loadSources({})
const redisInfo = {
  redis_version: '7.4.1',
  maxmemory_policy: 'noeviction',
  aof_enabled: '1',
  aof_last_write_status: 'ok',
  used_memory: '1000000',
  used_memory_human: '1.00M',
  maxmemory: '10000000',
  maxmemory_human: '10.00M',
  server_time_usec: String(noon * 1000),
}
export const well = { state: 'running', reason: null, healthy: true, oldestUnprocessedSeconds: 0 }
export const list = { listId: 'default', version: 1, createdAt: noon, entries: [] } as unknown as KeywordListRecord

/** A patient in whom all is well; the test makes it ill. */
export const patient = async () => {
  const cluster = new MemoryCluster()
  cluster.now = () => noon - 1_000
  const broker = cluster.open()
  await broker.createTopics(
    allTopics.map((spec) => ({ name: spec.name, partitions: spec.partitions, config: settingsOf(spec) })),
  )
  const registry = new MemoryRegistry()
  for (const { name, schema } of allTopics) {
    if (schema === null) continue
    await registry.register(subjectOf(name), latestSchema(schema))
    await registry.setCompatibility(subjectOf(name), 'FULL_TRANSITIVE')
  }
  const info: Record<string, string> = { ...redisInfo }
  const env: NodeJS.ProcessEnv = { SIGNALS_MASTER_KEY: masterKey, WHATSAPP_WEBHOOK_SECRET: 'secret' }
  const connections: Connection[] = [connection()]
  const ill = {
    cluster,
    broker,
    registry,
    info,
    env,
    connections,
    lists: [list],
    breakers: [] as { connectionId: string; cause: string }[],
    disk: { freeBytes: 50, sizeBytes: 100 },
    problems: [] as string[],
    health: { ingest: well } as Record<
      string,
      typeof well | { state: string; reason: string; healthy: boolean; oldestUnprocessedSeconds: number } | null
    >,
    redisAway: false,
    kafkaAway: false,
    dataSecret: null as SealedDataSecret | null,
    nodeVersion: 'v24.1.0',
  }
  const self: DiagnosticsContext = {
    dataDir: '/data',
    metrics: { ingest: 'ingest' },
    brokers: 'kafka:9092',
    redisUrl: 'redis://user:password@redis',
    registryUrl: 'http://registry',
    env,
    get nodeVersion() {
      return ill.nodeVersion
    },
    keptMasterKey: undefined,
    now: () => noon,
    broker: () => {
      if (ill.kafkaAway) throw new DependencyError('kafka', 'Kafka does not answer')
      return broker
    },
    redis: () =>
      ({
        info: async () => {
          if (ill.redisAway) throw new DependencyError('redis', 'Redis does not answer (ECONNREFUSED)')
          return new Map(Object.entries(info))
        },
      }) as unknown as RedisCommands,
    registry: () => registry,
    sources: () => sources,
    masterKeys: () => ({ SIGNALS_MASTER_KEY: env.SIGNALS_MASTER_KEY ?? '', SIGNALS_MASTER_KEY_PREVIOUS: [] }),
    dataSecret: async () => ill.dataSecret,
    connections: async () => {
      if (ill.kafkaAway) throw new DependencyError('kafka', 'Kafka does not answer')
      return ill.connections
    },
    keywordLists: async () => ill.lists,
    breakers: async () => ill.breakers,
    settingProblems: () => ill.problems,
    health: async (stage) => ill.health[stage] ?? null,
    disk: async () => ill.disk,
  }
  return { ill, examine: () => runChecks(self) }
}
