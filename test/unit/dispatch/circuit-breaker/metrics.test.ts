import { breakerGauges, breakerRows } from '../../../../services/dispatch/circuit-breaker/metrics.ts'
import type { BreakerRecord } from '../../../../services/dispatch/circuit-breaker/state-machine.ts'
import { Metrics } from '../../../../services/runtime/metrics/metrics.ts'

const note = (since: number, fields: Partial<BreakerRecord> = {}): BreakerRecord => ({
  failures: 1,
  slows: 0,
  cause: 'timeout',
  since,
  waitingFrom: 9_000,
  mainFrom: 19_000,
  ...fields,
})

describe('the breakers as gauges', () => {
  const now = 10_000
  const notes = new Map([
    ['half', note(2_000)],
    ['open', note(1_000, { waitingFrom: 12_000, cause: 'http_5xx' })],
    ['slow', note(3_000, { failures: 0, slows: 2, cause: 'slow' })],
  ])

  it('list the oldest failure first, with the time of the next call', () => {
    expect(breakerRows(notes, now).map(({ connectionId, state, nextAt }) => [connectionId, state, nextAt])).toEqual([
      ['open', 'open', 12_000],
      ['half', 'half_open', 9_000],
      ['slow', 'slow', 19_000],
    ])
  })

  it('count all by state and name twenty at most', () => {
    const many = new Map(Array.from({ length: 50 }, (_, n) => [`connection-${n}`, note(n)] as const))
    const { byState, oldest } = breakerGauges(breakerRows(many, now), now)
    expect(byState).toContainEqual({ labels: { state: 'half_open' }, value: 50 })
    expect(oldest).toHaveLength(20)
    expect(oldest[0]).toEqual({ labels: { connection: 'connection-0', cause: 'timeout' }, value: 10 })
  })

  it('no longer name a connection once its breaker is closed', async () => {
    const metrics = new Metrics('dispatch')
    metrics.replace('signals_breaker_open_seconds', breakerGauges(breakerRows(notes, now), now).oldest)
    expect(await metrics.render()).toContain('connection="open"')
    metrics.replace('signals_breaker_open_seconds', [])
    expect(await metrics.render()).not.toContain('connection="open"')
  })
})
