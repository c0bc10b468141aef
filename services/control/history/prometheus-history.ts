/** The history from Prometheus, where there is one: it keeps it for longer, and of all instances. */
import { consumerGroup } from '../../consumer-groups.ts'
import { type ConsumerStage, type StageName, stageNames } from '../../topology.ts'
import { ControlProblem } from '../http/answer.ts'
import type { HistorySeries } from './long-history.ts'

const timeoutMs = 5_000
const leastStepSeconds = 15

interface Matrix {
  readonly metric: Readonly<Record<string, string>>
  /** Seconds, and a number as text. */
  readonly values: readonly (readonly [number, string])[]
}

const queries = {
  rate: (range: number) => `sum by (stage) (rate(signals_outcomes_total[${range}s]))`,
  received: (range: number) => `sum(rate(signals_deliveries_received_total[${range}s]))`,
  age: () => 'max by (group) (signals_lag_seconds)',
} as const

export class PrometheusHistory {
  readonly #url: string

  /** @param url PROMETHEUS_URL */
  constructor(url: string) {
    this.#url = url.replace(/\/$/, '')
  }

  /** @param from ms. @param to ms. @param most points at most. @throws ControlProblem 502 */
  async read(from: number, to: number, most: number): Promise<HistorySeries> {
    const step = Math.max(leastStepSeconds, Math.ceil((to - from) / 1_000 / most))
    const range = Math.max(60, step)
    const ask = (query: string) => this.#ask(query, from, to, step)
    const [rates, received, ages] = await Promise.all([
      ask(queries.rate(range)),
      ask(queries.received(range)),
      ask(queries.age()),
    ])
    const first = Math.floor(from / 1_000 / step) * step
    const at = Array.from({ length: Math.floor((to / 1_000 - first) / step) + 1 }, (_, n) => first + n * step)
    const valuesOf = (matrix: Matrix | undefined) => {
      const known = new Map(matrix?.values.map(([time, text]) => [Math.floor(time / step) * step, Number(text)]))
      return at.map((time) => known.get(time) ?? null)
    }
    const rateOf = (stage: StageName) =>
      stage === 'gateway' ? received[0] : rates.find((one) => one.metric.stage === stage)
    const ageOf = (stage: StageName) =>
      ages.find((one) => stage !== 'gateway' && one.metric.group?.endsWith(consumerGroup(stage as ConsumerStage)))
    return {
      at: at.map((time) => time * 1_000),
      stages: Object.fromEntries(
        stageNames.map((stage) => [stage, { perSecond: valuesOf(rateOf(stage)), ageSeconds: valuesOf(ageOf(stage)) }]),
      ) as unknown as HistorySeries['stages'],
    }
  }

  async #ask(query: string, from: number, to: number, step: number): Promise<readonly Matrix[]> {
    const search = new URLSearchParams({
      ...{ query, step: String(step) },
      ...{ start: String(from / 1_000), end: String(to / 1_000) },
    })
    try {
      const response = await fetch(`${this.#url}/api/v1/query_range?${search}`, {
        signal: AbortSignal.timeout(timeoutMs),
      })
      const body = (await response.json()) as { data?: { result?: readonly Matrix[] } }
      if (response.ok && body.data?.result) return body.data.result
    } catch {
      // Its words could name the address with a password.
    }
    throw new ControlProblem(502, 'prometheus', 'Prometheus does not answer as PROMETHEUS_URL promises')
  }
}
