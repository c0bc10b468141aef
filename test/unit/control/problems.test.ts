import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { breakersOf } from '../../../services/control/breakers.ts'
import type { KnownProcess } from '../../../services/control/instance-states.ts'
import { type SystemStatus, systemProblemsOf } from '../../../services/control/problems.ts'
import { Metrics } from '../../../services/runtime/metrics/metrics.ts'

const lag = (fields: Partial<SystemStatus['groups'][number]>): SystemStatus['groups'][number] => ({
  ...{
    topic: 'messages.v1',
    group: 'signals-attribution',
    stage: 'attribution',
    lane: 'main',
    messages: 0,
    seconds: 0,
  },
  ...{ trendPerSecond: 0, processedPerSecond: 0, catchUpSeconds: 0 },
  ...fields,
})
const healthy: SystemStatus = {
  dependencies: { kafka: true, redis: true, registry: true },
  redis: { keys: 1, bytes: 10, limitBytes: 100 },
  disk: { freeBytes: 50, sizeBytes: 100 },
  deadLetters: [],
  stages: [{ stage: 'ingest', state: 'running', reason: null }],
  groups: [lag({}), lag({ lane: 'parked', topic: 'signals.dispatch.parked.v1' })],
  quarantined: 0,
  breakers: { open: 0, oldest: [] },
  connections: [{ connectionId: 'a', status: 'active', token: 'valid' }],
}

describe("the console's problems", () => {
  it('are none in a healthy system', () => expect(systemProblemsOf(healthy)).toEqual([]))

  const cases: [name: string, changes: Partial<SystemStatus>, severity: string, text: RegExp][] = [
    ['a dependency', { dependencies: { ...healthy.dependencies, redis: false } }, 'page', /redis does not answer/],
    ['a dead stage', { stages: [{ stage: 'ingest', state: 'unreachable', reason: null }] }, 'page', /ingest does not/],
    [
      'since when a dead stage is silent',
      {
        stages: [
          {
            ...{ stage: 'ingest', state: 'unreachable', reason: null },
            processes: [{ stage: 'ingest', state: 'unreachable', host: 'b', silentSeconds: 22 } as KnownProcess],
          },
        ],
      },
      'page',
      /^ingest does not answer \(b: not heard of for 22 s\)$/,
    ],
    ['a halted stage', { stages: [{ stage: 'ingest', state: 'halted', reason: 'limit' }] }, 'page', /halted/],
    [
      'a waiting stage',
      { stages: [{ stage: 'ingest', state: 'waiting', reason: 'redis' }] },
      'warning',
      /waits \(redis\)/,
    ],
    ['a late record', { groups: [lag({ seconds: 130 })] }, 'warning', /2 min/],
    ['a very late record', { groups: [lag({ seconds: 301 })] }, 'page', /5 min/],
    ['a low disk', { disk: { freeBytes: 10, sizeBytes: 100 } }, 'warning', /10 %/],
    ['a full disk', { disk: { freeBytes: 4, sizeBytes: 100 } }, 'page', /4 %/],
    ['a full Redis', { redis: { keys: 1, bytes: 90, limitBytes: 100 } }, 'warning', /90 %/],
    ['an account in quarantine', { quarantined: 2 }, 'warning', /accounts in quarantine: 2/],
    ['an open breaker', { breakers: { open: 2, oldest: [] } }, 'warning', /open circuit breakers: 2$/],
    [
      'the breakers that are known',
      { breakers: { open: 2, oldest: [{ connectionId: 'a', cause: 'throttled', seconds: 9 }] } },
      'warning',
      /open circuit breakers: 2 \(a, …\)$/,
    ],
    [
      'a refused token and of which connections it is',
      { connections: ['a', 'b', 'c', 'd'].map((connectionId) => ({ connectionId, status: 'reconnect', token: null })) },
      'warning',
      /refuses the token: 4 \(a, b, c, …\)$/,
    ],
    [
      'a token that ends',
      { connections: [{ connectionId: 'a', status: 'active', token: 'expiring' }] },
      'warning',
      /tokens that expire.*: 1 \(a\)$/,
    ],
    ['parked signals', { groups: [lag({ lane: 'parked', messages: 7 })] }, 'warning', /parked signals: 7/],
  ]
  it.each(cases)('name %s, with an existing runbook', (_name, changes, severity, text) => {
    const problems = systemProblemsOf({ ...healthy, ...changes })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ severity, text: expect.stringMatching(text) })
    const file = join(import.meta.dirname, '../../../docs/runbooks', `${problems[0]?.runbook}.md`)
    expect(existsSync(file)).toBe(true)
  })

  it('begin with pages, and ignore the lag of a replay', () => {
    const problems = systemProblemsOf({
      ...healthy,
      connections: [{ connectionId: 'a', status: 'reconnect', token: null }],
      dependencies: { ...healthy.dependencies, kafka: false },
      groups: [lag({ lane: 'replay', seconds: 9_999 })],
    })
    expect(problems.map(({ severity }) => severity)).toEqual(['page', 'warning'])
  })
})

describe('breakers', () => {
  it("are read from dispatch's metrics", async () => {
    const metrics = new Metrics('dispatch')
    metrics.set('signals_breakers', { state: 'open' }, 2)
    metrics.set('signals_breakers', { state: 'half_open' }, 1)
    metrics.set('signals_breaker_open_seconds', { connection: 'young', cause: 'throttled' }, 5)
    metrics.set('signals_breaker_open_seconds', { connection: 'a "quoted" one', cause: 'service' }, 60)
    expect(breakersOf(await metrics.render())).toMatchObject({
      open: 2,
      oldest: [
        { cause: 'service', seconds: 60 },
        { connectionId: 'young', cause: 'throttled', seconds: 5 },
      ],
    })
    expect(breakersOf('')).toEqual({ open: 0, oldest: [] })
  })
})
