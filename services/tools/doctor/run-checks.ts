/** Looks at everything the pipeline needs and says what is wrong and what to do. */
import { masked } from '../../runtime/config.ts'
import { type Area, type CheckResult, checkResultsOf } from './check-result.ts'
import { breakers } from './checks/breakers.ts'
import { connections } from './checks/connections.ts'
import { kafka } from './checks/kafka.ts'
import { lateness } from './checks/lateness.ts'
import { machine } from './checks/machine.ts'
import { masterKey } from './checks/master-key.ts'
import { redis } from './checks/redis.ts'
import { registry } from './checks/registry.ts'
import { settings } from './checks/settings.ts'
import { stageChecks } from './checks/stages.ts'
import type { DiagnosticsContext } from './diagnostics-context.ts'

interface Check {
  readonly area: Area
  look(patient: DiagnosticsContext): Promise<CheckResult[]>
  /** What to do when the look itself fails; null: another look tells why it did. */
  readonly remedy: string | null
  /** What was looked for and where, for the message. */
  readonly subject: (patient: DiagnosticsContext) => string
}

/** In the order in which they are told. */
const checks: readonly Check[] = [
  { area: 'settings', look: settings, remedy: 'see the message', subject: () => 'settings' },
  { area: 'settings', look: masterKey, remedy: null, subject: () => 'master key' },
  { area: 'machine', look: machine, remedy: 'check SIGNALS_DATA_DIR', subject: () => 'machine' },
  {
    area: 'kafka',
    look: kafka,
    remedy: 'start it, or mend KAFKA_BROKERS: docs/operators/broker-down.md',
    subject: ({ brokers }) => `Kafka at ${brokers}`,
  },
  {
    area: 'registry',
    look: registry,
    remedy: 'start it, or mend SCHEMA_REGISTRY_URL: docs/runbooks/SignalsDependencyDown.md',
    subject: ({ registryUrl }) => `registry at ${masked({ registryUrl }).registryUrl}`,
  },
  {
    area: 'redis',
    look: redis,
    remedy: 'start it, or mend REDIS_URL: docs/operators/redis-down.md',
    subject: ({ redisUrl }) => `Redis at ${masked({ redisUrl }).redisUrl}`,
  },
  {
    area: 'connections',
    look: connections,
    remedy: 'needs Kafka and the registry: mend those first',
    subject: () => 'connections were not looked at',
  },
  { area: 'connections', look: breakers, remedy: null, subject: () => 'breakers' },
  { area: 'stages', look: stageChecks, remedy: 'see the message', subject: () => 'stages' },
  {
    area: 'stages',
    look: lateness,
    remedy: 'needs Kafka: mend that first',
    subject: () => 'whether records wait was not looked at',
  },
]

/** What does not answer at all must not keep the others waiting. */
const patienceMs = 15_000

const inTime = async (work: Promise<CheckResult[]>): Promise<CheckResult[]> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs / 1000} s`)), patienceMs)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** Where an address is not even set, the message says so. */
const subjectIn = ({ area, subject }: Check, patient: DiagnosticsContext): string => {
  try {
    return subject(patient)
  } catch {
    return area
  }
}

/** Every check by itself: one that fails does not hide the others. */
export const runChecks = async (patient: DiagnosticsContext): Promise<readonly CheckResult[]> => {
  const results = await Promise.all(
    checks.map(async (check) => {
      try {
        return await inTime(check.look(patient))
      } catch (error) {
        if (check.remedy === null) return []
        const why = error instanceof Error ? error.message : 'failed'
        return [checkResultsOf(check.area).bad(`${subjectIn(check, patient)}: ${why}`, check.remedy)]
      }
    }),
  )
  return results.flat()
}
