/** Reads the circuit breakers from dispatch's metrics, so that the console needs no access to their Redis keys. */
import { seriesOf } from './prometheus-text.ts'

export interface BreakerOverview {
  readonly open: number
  readonly oldest: readonly { readonly connectionId: string; readonly cause: string; readonly seconds: number }[]
}

/** @param text dispatch's metrics in Prometheus' text format */
export const breakersOf = (text: string): BreakerOverview => ({
  open: seriesOf(text, 'signals_breakers').find(({ labels }) => labels.state === 'open')?.value ?? 0,
  oldest: seriesOf(text, 'signals_breaker_open_seconds')
    .map(({ labels, value }) => ({ connectionId: labels.connection ?? '', cause: labels.cause ?? '', seconds: value }))
    .sort((a, b) => b.seconds - a.seconds),
})
