/** Runs the checks of everything that the pipeline needs. */
import { masked } from '../../runtime/config.ts'
import type { Clock } from '../../runtime/ports.ts'
import { type Area, type CheckResult, checkResultsOf } from './check-result.ts'
import { breakers } from './checks/breakers.ts'
import { callers } from './checks/callers.ts'
import { connections } from './checks/connections.ts'
import { kafka } from './checks/kafka.ts'
import { machine } from './checks/machine.ts'
import { masterKey } from './checks/master-key.ts'
import { problems, unlessNamed } from './checks/problems.ts'
import { redis } from './checks/redis.ts'
import { registry } from './checks/registry.ts'
import { ruleSets } from './checks/rule-sets.ts'
import { settings } from './checks/settings.ts'
import { signatures } from './checks/signatures.ts'
import { gatewayClock } from './checks/stages/gateway-clock.ts'
import { lateness } from './checks/stages/lateness.ts'
import { stageChecks, versions } from './checks/stages/stages.ts'
import type { DiagnosticsContext } from './diagnostics-context.ts'

interface Check {
  readonly area: Area
  run(context: DiagnosticsContext): Promise<CheckResult[]>
  /** What to do when the check itself fails; null: another check reports the cause. */
  readonly remedy: string | null
  /** What is checked and where, for the message. */
  readonly subject: (context: DiagnosticsContext) => string
}

/** In the order of the report. */
const checks: readonly Check[] = [
  { area: 'settings', run: settings, remedy: 'see the message', subject: () => 'settings' },
  { area: 'settings', run: masterKey, remedy: null, subject: () => 'master key' },
  { area: 'machine', run: machine, remedy: 'check SIGNALS_DATA_DIR', subject: () => 'machine' },
  {
    area: 'kafka',
    run: kafka,
    remedy: 'start it, or fix KAFKA_BROKERS: docs/operators/broker-down.md',
    subject: ({ brokers }) => `Kafka at ${brokers}`,
  },
  { area: 'kafka', run: signatures, remedy: null, subject: () => 'signatures' },
  {
    area: 'registry',
    run: registry,
    remedy: 'start it, or fix SCHEMA_REGISTRY_URL: docs/runbooks/SignalsDependencyDown.md',
    subject: ({ registryUrl }) => `registry at ${masked({ registryUrl }).registryUrl}`,
  },
  {
    area: 'redis',
    run: redis,
    remedy: 'start it, or fix REDIS_URL: docs/operators/redis-down.md',
    subject: ({ redisUrl }) => `Redis at ${masked({ redisUrl }).redisUrl}`,
  },
  {
    area: 'connections',
    run: connections,
    remedy: 'needs Kafka and the registry: fix those first',
    subject: () => 'connections were not checked',
  },
  { area: 'connections', run: ruleSets, remedy: null, subject: () => 'rule sets' },
  { area: 'connections', run: callers, remedy: null, subject: () => 'callers' },
  { area: 'connections', run: unlessNamed(breakers), remedy: null, subject: () => 'breakers' },
  { area: 'stages', run: stageChecks, remedy: 'see the message', subject: () => 'stages' },
  { area: 'stages', run: unlessNamed(versions), remedy: null, subject: () => 'versions' },
  {
    area: 'stages',
    run: unlessNamed(lateness),
    remedy: 'needs Kafka: fix that first',
    subject: () => 'lag was not checked',
  },
  { area: 'stages', run: gatewayClock, remedy: null, subject: () => "the gateway's clock" },
  { area: 'pipeline', run: problems, remedy: null, subject: () => 'problems' },
]

/** Bounds each check: a dependency that does not answer must not delay the report of the others. */
const timeoutMs = 15_000

const withTimeout = async (work: Promise<CheckResult[]>, clock: Clock): Promise<CheckResult[]> => {
  const done = new AbortController()
  const timeout = clock.sleep(timeoutMs, done.signal).then(() => {
    throw new Error(`no answer within ${timeoutMs / 1000} s`)
  })
  return Promise.race([work, timeout]).finally(() => done.abort())
}

/** The area alone, when the subject's address is not set: the error names the setting. */
const subjectIn = ({ area, subject }: Check, context: DiagnosticsContext): string => {
  try {
    return subject(context)
  } catch {
    return area
  }
}

/** Errors of clients end in what to do: `Kafka refuses the user: check KAFKA_SASL_USERNAME …`. */
const ownRemedy = /^(.+?): ((?:add|allow|attach|check|correct|give|grant|install|let|put|renew|set|start) .+)$/s

const resultsOf = async (check: Check, context: DiagnosticsContext): Promise<readonly CheckResult[]> => {
  try {
    return await withTimeout(check.run(context), context.clock)
  } catch (error) {
    if (check.remedy === null) return []
    const why = error instanceof Error ? error.message : 'failed'
    const [, problem = why, remedy = check.remedy] = ownRemedy.exec(why) ?? []
    return [checkResultsOf(check.area).bad(`${subjectIn(check, context)}: ${problem}`, remedy)]
  }
}

/**
 * Runs every check on its own, all at once: a check that fails does not hide the others.
 * @param onResult gets each result in the order of the report, as soon as those before it are there
 */
export const runChecks = async (
  context: DiagnosticsContext,
  onResult: (result: CheckResult) => void = () => {},
): Promise<readonly CheckResult[]> => {
  const running = checks.map((check) => resultsOf(check, context))
  const results: CheckResult[] = []
  for (const one of running)
    for (const result of await one) {
      onResult(result)
      results.push(result)
    }
  return results
}
