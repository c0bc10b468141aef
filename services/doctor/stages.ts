/** The stages: whether they run, are well, and keep up. */
import { LagReader } from '../runtime/lag.ts'
import { counted, type Finding, findingsOf } from './finding.ts'
import type { Patient } from './patient.ts'

const { good, warning, bad } = findingsOf('stages')
const lateSeconds = 120

const stageFinding = async (stage: string, url: string, { health }: Patient): Promise<Finding[]> => {
  const report = await health(url)
  if (report === null)
    return [bad(`${stage} does not answer at ${url}`, `look at its log; docs/runbooks/SignalsProcessDown.md`)]
  const { state, reason, healthy } = report
  if (state === 'halted')
    return [
      bad(`${stage} has halted itself (${reason})`, 'docs/runbooks/SignalsStageHalted.md: mend the cause, restart it'),
    ]
  if (state === 'waiting')
    return [bad(`${stage} waits (${reason})`, 'bring back what it waits for; it goes on by itself')]
  return healthy
    ? []
    : [bad(`${stage} is not well: a record waits too long`, 'signals lag; docs/runbooks/SignalsLate.md')]
}

export const stages = async (patient: Patient): Promise<Finding[]> => {
  const { metrics, broker, now } = patient
  const reports =
    metrics === null
      ? [warning(`no pipeline runs on ${patient.dataDir}`, 'signals up, or look at the stages where they run')]
      : (await Promise.all(Object.entries(metrics).map(([stage, url]) => stageFinding(stage, url, patient)))).flat()
  const lags = await new LagReader(broker()).read(now)
  const late = Map.groupBy(
    lags.filter(({ lane, seconds }) => seconds > lateSeconds && (lane === 'main' || lane === 'waiting')),
    ({ topic }) => topic,
  )
  return [
    ...(metrics !== null && reports.length === 0 ? [good('every stage runs and is well')] : reports),
    ...(late.size === 0
      ? [good('no record waits longer than two minutes')]
      : [...late].map(([topic, own]) =>
          bad(
            `${counted(
              own.reduce((sum, { messages }) => sum + messages, 0),
              'record',
            )} of ${topic} wait, the oldest for ${Math.round(Math.max(...own.map(({ seconds }) => seconds)))} s`,
            'signals lag --watch; docs/operators/lag-grows.md',
          ),
        )),
  ]
}
