/** Checks whether the stages keep up: the age of the oldest record that each has yet to process. */

import { consumerGroups } from '../../../../consumer-groups.ts'
import { LagReader } from '../../../../runtime/health/lag.ts'
import { type CheckResult, checkResultsOf, counted } from '../../check-result.ts'
import type { DiagnosticsContext } from '../../diagnostics-context.ts'

const { good, bad } = checkResultsOf('stages')
const lateSeconds = 120

export const lateness = async ({ broker: open, clock }: DiagnosticsContext): Promise<CheckResult[]> => {
  const broker = open()
  // The Kafka check reports missing topics; here they must not hide the lag of the others.
  const existing = new Set((await broker.listTopics()).map(({ name }) => name))
  const lags = await new LagReader(
    broker,
    consumerGroups.filter(({ topic }) => existing.has(topic)),
  ).read(clock.now)
  const late = Map.groupBy(
    lags.filter(({ lane, seconds }) => seconds > lateSeconds && (lane === 'main' || lane === 'waiting')),
    ({ topic }) => topic,
  )
  if (late.size === 0) return [good('no record waits longer than two minutes')]
  return Array.from(late, ([topic, own]) => {
    const records = own.reduce((sum, { messages }) => sum + messages, 0)
    const oldest = Math.round(Math.max(...own.map(({ seconds }) => seconds)))
    return bad(
      `${counted(records, 'record')} of ${topic} ${records === 1 ? 'waits' : 'wait'}, the oldest for ${oldest} s`,
      'signals lag --watch; docs/operators/lag-grows.md',
    )
  })
}
