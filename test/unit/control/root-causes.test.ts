import { FirstSeen, groupProblems } from '../../../services/control/overview/root-causes.ts'
import { type SystemStatus, systemProblemsOf } from '../../../services/control/problems.ts'
import { stageNames } from '../../../services/topology.ts'

const late = (topic: string, stage: string, lane: 'main' | 'parked' = 'main', seconds = 400) => ({
  ...{ topic, stage, lane, seconds, group: `signals-${stage}`, messages: 5 },
  ...{ trendPerSecond: 0, processedPerSecond: 0, catchUpSeconds: null },
})
const status = (changes: Partial<SystemStatus>): SystemStatus => ({
  dependencies: { kafka: true, redis: true, registry: true },
  ...{ redis: null, disk: null, deadLetters: [], groups: [], quarantined: 0, connections: [] },
  breakers: { open: 0, oldest: [] },
  stages: stageNames.map((stage) => ({ stage, state: 'running', reason: null })),
  ...changes,
})
const grouped = (changes: Partial<SystemStatus>) => groupProblems(systemProblemsOf(status(changes)), () => null)
const consumers = stageNames.filter((stage) => stage !== 'gateway')

describe('problems by root cause', () => {
  it('are one when Kafka has stopped, with all that follows from it', () => {
    const groups = grouped({
      dependencies: { kafka: false, redis: true, registry: false },
      stages: stageNames.map((stage) => ({ stage, state: 'waiting', reason: 'kafka' })),
      groups: consumers.map((stage) => late(`${stage}.in`, stage)),
    })
    expect(groups).toMatchObject([{ id: 'dependency:kafka', severity: 'page', runbook: 'SignalsDependencyDown' }])
    expect(groups[0]?.effects).toHaveLength(1 + stageNames.length + consumers.length)
  })

  it('put the backlog of a stopped stage under the stage, and no other backlog', () => {
    const groups = grouped({
      stages: stageNames.map((stage) => ({
        stage,
        state: stage === 'keywords' ? 'unreachable' : 'running',
        reason: null,
      })),
      groups: [late('attributed-messages.v1', 'keywords'), late('signals.v1', 'dispatch')],
    })
    expect(groups.map(({ id, effects }) => [id, effects.length])).toEqual([
      ['stage:keywords', 1],
      ['late:signals.v1', 0],
    ])
  })

  it('put parked signals under the refused token, and are as severe as their worst part', () => {
    const groups = grouped({
      connections: [{ connectionId: 'a', status: 'reconnect', token: null }],
      groups: [late('parked', 'dispatch', 'parked', 0), late('signals.v1', 'dispatch')],
      breakers: { open: 1, oldest: [] },
    })
    expect(groups.map(({ id, severity }) => [id, severity])).toEqual([
      ['breakers', 'page'],
      ['tokens-refused', 'warning'],
    ])
  })

  it('name each problem exactly once', () => {
    const problems = systemProblemsOf(
      status({
        dependencies: { kafka: true, redis: false, registry: true },
        stages: stageNames.map((stage) => ({ stage, state: 'unreachable', reason: null })),
        groups: [late('messages.v1', 'attribution')],
        disk: { freeBytes: 1, sizeBytes: 100 },
      }),
    )
    const groups = groupProblems(problems, () => null)
    const named = groups.flatMap(({ text, effects }) => [text, ...effects])
    expect(named.toSorted()).toEqual(problems.map(({ text }) => text).toSorted())
    expect(groups.find(({ id }) => id === 'disk')?.effects).toHaveLength(2)
  })

  it('end where a chain leads back to itself', () => {
    const one = (id: string, broughtBy: string[]) => ({
      id,
      broughtBy,
      severity: 'page' as const,
      text: id,
      runbook: null,
    })
    const groups = groupProblems([one('a', ['b']), one('b', ['a'])], () => null)
    expect(groups.flatMap(({ text, effects }) => [text, ...effects]).toSorted()).toEqual(['a', 'b'])
  })
})

describe('the time of a problem', () => {
  it('is when it was first seen, and anew after it had ended', () => {
    const seen = new FirstSeen()
    seen.update([{ id: 'disk' }], 100)
    seen.update([{ id: 'disk' }, { id: 'late' }], 200)
    expect([seen.of('disk'), seen.of('late'), seen.of('other')]).toEqual([100, 200, null])
    seen.update([], 300)
    seen.update([{ id: 'disk' }], 400)
    expect(seen.of('disk')).toBe(400)
  })
})
