/** Checks that every stage runs and is healthy, wherever its processes are. */
import { mixedVersions } from '../../../../runtime/health/heartbeats.ts'
import { stageNames } from '../../../../topology.ts'
import { type CheckResult, checkResultsOf } from '../../check-result.ts'
import type { DiagnosticsContext, SeenProcess } from '../../diagnostics-context.ts'

const { good, warning, bad } = checkResultsOf('stages')

/** The page to read, by the dependency that a stage waits for. */
const pageOf: Readonly<Record<string, string>> = {
  kafka: 'docs/operators/broker-down.md',
  redis: 'docs/operators/redis-down.md',
}

const checkProcess = ({ stage, address, state, reason, healthy, host, silentSeconds }: SeenProcess): CheckResult[] => {
  if (state === 'out-of-reach')
    return [
      warning(
        `${stage} runs on ${host}, and this machine does not reach it at ${address}`,
        'run signals doctor where it is reached, or set STATUS_ADDRESS there to an address that this machine reaches',
      ),
    ]
  if (state === 'unreachable') {
    const silence = silentSeconds === null ? '' : `, and was not heard of for ${silentSeconds} s`
    const where = silentSeconds === null ? '' : ` on ${host}`
    return [
      bad(
        `${stage}${where} does not answer at ${address}${silence}`,
        'read its log; docs/runbooks/SignalsProcessDown.md',
      ),
    ]
  }
  if (state === 'halted')
    return [
      bad(
        `${stage} has halted itself (${reason})`,
        'docs/runbooks/SignalsStageHalted.md: fix the cause, restart the stage',
      ),
    ]
  if (state === 'waiting')
    return [
      bad(
        `${stage} waits (${reason})`,
        `restore what it waits for; it continues by itself: ${pageOf[reason ?? ''] ?? 'docs/runbooks/SignalsDependencyDown.md'}`,
      ),
    ]
  return healthy
    ? []
    : [bad(`${stage} is unhealthy: a record waits too long`, 'signals lag; docs/runbooks/SignalsLate.md')]
}

export const stageChecks = async (context: DiagnosticsContext): Promise<CheckResult[]> => {
  const processes = await context.processes()
  if (processes.length === 0)
    return [
      warning(
        `no pipeline runs on ${context.dataDir}`,
        'signals up, or set REDIS_URL, where stages announce themselves',
      ),
    ]
  const missing = stageNames.filter((stage) => processes.every((one) => one.stage !== stage))
  const results = processes.flatMap(checkProcess)
  if (missing.length > 0)
    results.push(
      warning(
        `not heard of: ${missing.join(', ')}`,
        'start them; a gateway without Redis announces itself nowhere: name it by STAGE_METRICS_URLS=gateway=URL of its metrics',
      ),
    )
  return results.length === 0 ? [good('every stage runs and is healthy')] : results
}

export const versions = async (context: DiagnosticsContext): Promise<CheckResult[]> => {
  const mixed = mixedVersions(await context.processes())
  if (mixed === null) return []
  return [warning(`several versions run: ${mixed}`, 'finish the upgrade, or go back: docs/upgrading.md')]
}
