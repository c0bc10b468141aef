/** The stages: whether they run and are well. */
import { type CheckResult, checkResultsOf } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, warning, bad } = checkResultsOf('stages')

/** What to read for what a stage waits for. */
const pages: Readonly<Record<string, string>> = {
  kafka: 'docs/operators/broker-down.md',
  redis: 'docs/operators/redis-down.md',
}

const stageFinding = async (stage: string, url: string, { health }: DiagnosticsContext): Promise<CheckResult[]> => {
  const report = await health(url)
  if (report === null)
    return [bad(`${stage} does not answer at ${url}`, `look at its log; docs/runbooks/SignalsProcessDown.md`)]
  const { state, reason, healthy } = report
  if (state === 'halted')
    return [
      bad(`${stage} has halted itself (${reason})`, 'docs/runbooks/SignalsStageHalted.md: mend the cause, restart it'),
    ]
  if (state === 'waiting')
    return [
      bad(
        `${stage} waits (${reason})`,
        `bring back what it waits for; it goes on by itself: ${pages[reason ?? ''] ?? 'docs/runbooks/SignalsDependencyDown.md'}`,
      ),
    ]
  return healthy
    ? []
    : [bad(`${stage} is not well: a record waits too long`, 'signals lag; docs/runbooks/SignalsLate.md')]
}

export const stageChecks = async (patient: DiagnosticsContext): Promise<CheckResult[]> => {
  const { metrics } = patient
  if (metrics === null)
    return [warning(`no pipeline runs on ${patient.dataDir}`, 'signals up, or look at the stages where they run')]
  const reports = await Promise.all(Object.entries(metrics).map(([stage, url]) => stageFinding(stage, url, patient)))
  const found = reports.flat()
  return found.length === 0 ? [good('every stage runs and is well')] : found
}
