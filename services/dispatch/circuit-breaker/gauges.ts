/** Shows the breakers as gauges and log lines. */
import type { Logger } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics/metrics.ts'
import type { Cancel, Clock, Timers } from '../../runtime/ports.ts'
import { breakerGauges, breakerRows } from './metrics.ts'
import type { BreakerStore } from './redis-store.ts'
import type { OnBreakerMove } from './registry.ts'

const pollIntervalMs = 5_000

export const logBreakerMoves =
  (metrics: Pick<Metrics, 'count'>, log: Pick<Logger, 'info'>): OnBreakerMove =>
  (connectionId, note) => {
    const cause = note?.cause ?? ''
    metrics.count('signals_breaker_moves_total', { to: note ? 'open' : 'closed', cause })
    log.info({ connectionId, cause }, note ? 'breaker open: its signals wait' : 'breaker closed again')
  }

export interface BreakerGaugeTools {
  readonly store: Pick<BreakerStore, 'all'>
  readonly clock: Pick<Clock, 'now'>
  readonly timers: Pick<Timers, 'every'>
  readonly metrics: Pick<Metrics, 'replace'>
}

/** Sets the gauges from the store every 5 s. */
export const pollBreakerGauges = ({ store, clock, timers, metrics }: BreakerGaugeTools): Cancel => {
  const poll = async () => {
    try {
      const notes = await store.all()
      const { byState, oldest } = breakerGauges(breakerRows(notes, clock.now()), clock.now())
      metrics.replace('signals_breakers', byState)
      metrics.replace('signals_breaker_open_seconds', oldest)
    } catch {
      // Redis is away: the stage reports that itself.
    }
  }
  return timers.every(pollIntervalMs, () => void poll())
}
