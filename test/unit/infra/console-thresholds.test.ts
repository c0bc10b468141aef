/** Holds the thresholds of the console's problem list to the alert rules of the same name. */
import { type SystemStatus, systemProblemsOf } from '../../../services/control/problems.ts'
import { readRules } from '../../alerts/rules.ts'

const thresholdOf = (alert: string): number => {
  const match = /[<>] ([\d.]+)$/.exec(
    readRules()
      .find((rule) => rule.alert === alert)
      ?.expr.trim() ?? '',
  )
  if (!match) throw new Error(`${alert} compares with no number`)
  return Number(match[1])
}

const well: SystemStatus = {
  dependencies: { kafka: true, redis: true, registry: true },
  redis: { keys: 1, bytes: 10, limitBytes: 100 },
  disk: { freeBytes: 50, sizeBytes: 100 },
  deadLetters: [],
  stages: [],
  groups: [],
  quarantined: 0,
  breakers: { open: 0, oldest: [] },
  connections: [],
}
const runbooks = (seen: Partial<SystemStatus>) => systemProblemsOf({ ...well, ...seen }).map(({ runbook }) => runbook)

const lag = (seconds: number): Partial<SystemStatus> => ({
  groups: [
    {
      ...{ topic: 'messages.v1', group: 'g', stage: 'attribution', lane: 'main', messages: 1, seconds },
      ...{ trendPerSecond: 0, processedPerSecond: 0, catchUpSeconds: 0 },
    },
  ],
})
const freeShare = (share: number): Partial<SystemStatus> => ({ disk: { freeBytes: share * 1e9, sizeBytes: 1e9 } })
const usedShare = (share: number): Partial<SystemStatus> => ({
  redis: { keys: 1, bytes: share * 1e9, limitBytes: 1e9 },
})

describe('the console', () => {
  it.each<[alert: string, seen: (value: number) => Partial<SystemStatus>, step: number]>([
    ['SignalsLate', lag, 1],
    ['SignalsVeryLate', lag, 1],
    ['SignalsDiskLow', freeShare, -0.01],
    ['SignalsDiskFull', freeShare, -0.01],
    ['SignalsRedisMemory', usedShare, 0.01],
  ])('names a problem at the threshold of its alert: %s', (alert, seen, step) => {
    const threshold = thresholdOf(alert)
    expect(runbooks(seen(threshold - step))).not.toContain(alert)
    expect(runbooks(seen(threshold + step))).toEqual([alert])
  })
})
