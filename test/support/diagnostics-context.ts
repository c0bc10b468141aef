/** A diagnostics context in which every check is good; a test breaks parts of it. */
import { latestSchema } from '../../schemas/index.ts'
import { allTopics } from '../../services/derived-topics.ts'
import type { SealedDataSecret } from '../../services/runtime/keys/keyring.ts'
import type { Refusal } from '../../services/runtime/keys/signatures/signed-broker.ts'
import { DependencyError, type RedisCommands } from '../../services/runtime/ports.ts'
import type { Connection } from '../../services/shared/connections/directory.ts'
import type { KeywordListRecord } from '../../services/shared/model/keyword-list.ts'
import type { TokenRecord } from '../../services/shared/model/token-record.ts'
import { loadSources, type Source } from '../../services/shared/sources/index.ts'
import type { UnconnectedAccount } from '../../services/shared/unconnected/account.ts'
import type { CheckResult } from '../../services/tools/doctor/check-result.ts'
import type { DiagnosticsContext, SeenProcess, StatedProblem } from '../../services/tools/doctor/diagnostics-context.ts'
import { runChecks } from '../../services/tools/doctor/run-checks.ts'
import { settingsOf } from '../../services/tools/topics/provision.ts'
import { stageNames, subjectOf } from '../../services/topology.ts'
import { connectionRecord as connection, masterKey, noon } from './builders.ts'
import { FakeClock } from './fake-clock.ts'
import { MemoryCluster } from './memory-broker.ts'
import { MemoryRegistry } from './memory-registry.ts'
import { ruleSet } from './rules.ts'

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
export const healthy = { state: 'running', reason: null, healthy: true, oldestUnprocessedSeconds: 0 }
type Health =
  | typeof healthy
  | { state: string; reason: string; healthy: boolean; oldestUnprocessedSeconds: number }
  | null
const seenOf = (reports: Readonly<Record<string, Health>>): SeenProcess[] =>
  Object.entries(reports).map(([stage, report]) => ({
    ...{ stage, address: stage, host: null, version: null, silentSeconds: null },
    ...(report ?? { state: 'unreachable', reason: null, healthy: false }),
  }))
const list = { listId: 'default', version: 1, createdAt: noon, entries: [] } as unknown as KeywordListRecord

/** `state` holds what the checks read: a test changes it before `run`. */
export const problemsIn = (results: readonly CheckResult[]) => results.filter(({ verdict }) => verdict !== 'good')

export const openDiagnostics = async () => {
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
  const clock = new FakeClock(noon)
  const info: Record<string, string> = { ...redisInfo }
  const env: NodeJS.ProcessEnv = { SIGNALS_MASTER_KEY: masterKey, WHATSAPP_WEBHOOK_SECRET: 'secret' }
  const connections: Connection[] = [connection()]
  const state = {
    cluster,
    broker,
    registry,
    info,
    env,
    connections,
    lists: [list],
    ruleSets: [ruleSet()],
    breakers: [] as { connectionId: string; cause: string }[],
    disk: { freeBytes: 50, sizeBytes: 100 },
    problems: [] as string[],
    /** null: control does not answer. */
    named: null as readonly StatedProblem[] | null,
    health: Object.fromEntries(stageNames.map((stage) => [stage, healthy])) as Record<string, Health>,
    redisAway: false as boolean | string,
    redisHangs: false,
    /** Values by key. */
    redisValues: {} as Record<string, string>,
    /** ms between the question and the answer of Redis, connecting included */
    redisAnswersAfter: 0,
    kafkaAway: false,
    dataSecret: null as SealedDataSecret | null,
    signatures: { isLatched: true, refused: [] as Refusal[] },
    nodeVersion: 'v24.1.0',
    fixedTokens: [] as ('INGEST_TOKEN' | 'ADMIN_TOKEN')[],
    tokens: [] as TokenRecord[],
    unconnected: [] as UnconnectedAccount[],
    /** Processes beside those of `health`. */
    seen: [] as SeenProcess[],
    own: [] as Source[],
  }
  const context: DiagnosticsContext = {
    dataDir: '/data',
    brokers: 'kafka:9092',
    redisUrl: 'redis://user:password@redis',
    registryUrl: 'http://registry',
    env,
    get nodeVersion() {
      return state.nodeVersion
    },
    storedMasterKey: undefined,
    clock,
    broker: () => {
      if (state.kafkaAway) throw new DependencyError('kafka', 'Kafka does not answer')
      return broker
    },
    redis: () =>
      ({
        info: async () => {
          if (state.redisHangs) return new Promise<never>(() => {})
          if (state.redisAnswersAfter > 0) await clock.advance(state.redisAnswersAfter)
          if (state.redisAway)
            throw new DependencyError(
              'redis',
              typeof state.redisAway === 'string' ? state.redisAway : 'Redis does not answer (ECONNREFUSED)',
            )
          return new Map(Object.entries(info))
        },
        getMany: async (keys: readonly string[]) =>
          keys.map((key) => (key in state.redisValues ? Buffer.from(state.redisValues[key] as string) : null)),
      }) as unknown as RedisCommands,
    registry: () => registry,
    get fixedTokens() {
      return state.fixedTokens
    },
    tokens: async () => state.tokens,
    unconnected: async () => state.unconnected,
    sources: () => ({
      names: () => [...sources.names(), ...state.own.map(({ name }) => name)],
      get: (name) => state.own.find((one) => one.name === name) ?? sources.get(name),
    }),
    keys: () => ({ SIGNALS_MASTER_KEY: env.SIGNALS_MASTER_KEY ?? '', SIGNALS_MASTER_KEY_PREVIOUS: [] }),
    dataSecret: async () => state.dataSecret,
    signatures: async () => state.signatures,
    connections: async () => {
      if (state.kafkaAway) throw new DependencyError('kafka', 'Kafka does not answer')
      return state.connections
    },
    keywordLists: async () => state.lists,
    ruleSets: async () => state.ruleSets,
    breakers: async () => state.breakers,
    problems: async () => state.named,
    settingProblems: () => state.problems,
    processes: async () => [...seenOf(state.health), ...state.seen],
    disk: async () => state.disk,
  }
  return { state, clock, run: (onResult?: (result: CheckResult) => void) => runChecks(context, onResult) }
}
