/** The history from Prometheus, where there is one: it keeps it for longer, and of all instances. */
import { consumerGroup } from '../../consumer-groups.ts'
import { type ConsumerStage, type StageName, stageNames } from '../../topology.ts'
import { ControlProblem } from '../http/answer.ts'
import type { HistorySeries } from './long-history.ts'
import { stepOf, type UseHistory, type UseKind, type UsePair, useHistoryOf } from './uses.ts'

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

/** Metric, and the labels with the id and with what was hit. */
const usesOf: Readonly<Record<UseKind, readonly [metric: string, id: string, name: string]>> = {
  'keyword-lists': ['signals_keyword_uses_total', 'list', 'flag'],
  'rule-sets': ['signals_rules_total', 'rule_set', 'result'],
}

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

  /** Growth of the counters in each step. @param from ms. @param to ms. @throws ControlProblem 502 */
  async uses(kind: UseKind, id: string, from: number, to: number): Promise<UseHistory> {
    const stepMs = stepOf(from, to)
    const [metric, own, name] = usesOf[kind]
    const query = `sum by (${name}, mode) (increase(${metric}{${own}=${JSON.stringify(id)}}[${stepMs / 1_000}s]))`
    // A value is of the step that ends with it.
    const first = Math.floor(from / stepMs) * stepMs + stepMs
    const matrix = await this.#ask(query, first, Math.ceil(to / stepMs) * stepMs, stepMs / 1_000)
    const found = matrix.flatMap(({ metric: labels, values }) =>
      values.map(([time, text]) => {
        const hits = Math.round(Number(text))
        const pair: UsePair = labels.mode === 'shadow' ? [0, hits] : [hits, 0]
        return { at: time * 1_000 - stepMs, counts: { [labels[name] ?? '']: pair } }
      }),
    )
    return useHistoryOf(kind, found, from, to)
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
