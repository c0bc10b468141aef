/** The breakers over Redis, with the gauges and log lines that show them. */
import type { Logger } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics/metrics.ts'
import type { Clock, RedisCommands } from '../../runtime/ports.ts'
import { breakerGauges, breakerRows } from './metrics.ts'
import { RedisBreakerStore } from './redis-store.ts'
import { BreakerRegistry } from './registry.ts'
import type { BreakerTiming } from './state-machine.ts'

const gaugesEveryMs = 5_000

export interface BreakerTools {
  readonly redis: RedisCommands
  readonly clock: Pick<Clock, 'now'>
  readonly metrics: Metrics
  readonly log: Logger
  readonly timing: BreakerTiming
}

export const openBreakers = ({ redis, clock, metrics, log, timing }: BreakerTools) => {
  const store = new RedisBreakerStore(redis)
  const breakers = new BreakerRegistry(store, timing, (connectionId, note) => {
    const cause = note?.cause ?? ''
    metrics.count('signals_breaker_moves_total', { to: note ? 'open' : 'closed', cause })
    log.info({ connectionId, cause }, note ? 'breaker open: its signals wait' : 'breaker closed again')
  })
  const gauges = setInterval(() => {
    store.all().then(
      (notes) => {
        const { byState, oldest } = breakerGauges(breakerRows(notes, clock.now()), clock.now())
        metrics.replace('signals_breakers', byState)
        metrics.replace('signals_breaker_open_seconds', oldest)
      },
      // Redis is away: the stage says so itself.
      () => {},
    )
  }, gaugesEveryMs).unref()
  return { breakers, stop: () => clearInterval(gauges) }
}
