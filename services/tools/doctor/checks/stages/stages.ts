/** Checks that every stage runs and is healthy. */
import { type CheckResult, checkResultsOf } from '../../check-result.ts'
import type { DiagnosticsContext } from '../../diagnostics-context.ts'

const { good, warning, bad } = checkResultsOf('stages')

/** The page to read, by the dependency that a stage waits for. */
const pageOf: Readonly<Record<string, string>> = {
  kafka: 'docs/operators/broker-down.md',
  redis: 'docs/operators/redis-down.md',
}

const checkStage = async (stage: string, url: string, { health }: DiagnosticsContext): Promise<CheckResult[]> => {
  const report = await health(url)
  if (report === null)
    return [bad(`${stage} does not answer at ${url}`, 'read its log; docs/runbooks/SignalsProcessDown.md')]
  const { state, reason, healthy } = report
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
  const { metrics } = context
  if (metrics === null)
    return [warning(`no pipeline runs on ${context.dataDir}`, 'signals up, or check the stages where they run')]
  const reports = await Promise.all(Object.entries(metrics).map(([stage, url]) => checkStage(stage, url, context)))
  const results = reports.flat()
  return results.length === 0 ? [good('every stage runs and is healthy')] : results
}
