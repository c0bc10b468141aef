/** Reads the circuit breakers from dispatch's metrics, so that the console needs no access to their Redis keys. */
export interface BreakerOverview {
  readonly open: number
  readonly oldest: readonly { readonly connectionId: string; readonly cause: string; readonly seconds: number }[]
}

const labelsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    Array.from(text.matchAll(/\b(\w+)="((?:[^"\\]|\\.)*)"/g), ([, name = '', value = '']) => [name, value]),
  )

/** The series of one metric in Prometheus' text format. */
const seriesOf = (text: string, name: string) =>
  Array.from(text.matchAll(new RegExp(`^${name}\\{(.*)\\} (\\S+)`, 'gm')), ([, labels = '', value = '']) => ({
    labels: labelsOf(labels),
    value: Number(value),
  }))

/** @param text dispatch's metrics in Prometheus' text format */
export const breakersOf = (text: string): BreakerOverview => ({
  open: seriesOf(text, 'signals_breakers').find(({ labels }) => labels.state === 'open')?.value ?? 0,
  oldest: seriesOf(text, 'signals_breaker_open_seconds')
    .map(({ labels, value }) => ({ connectionId: labels.connection ?? '', cause: labels.cause ?? '', seconds: value }))
    .sort((a, b) => b.seconds - a.seconds),
})
