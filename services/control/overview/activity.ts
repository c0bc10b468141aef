/** What the stages counted lately, from their metrics: counters that start again with their process are followed across it. */
import { type StageName, stageNames } from '../../topology.ts'
import { seriesOf } from '../prometheus-text.ts'
import { CounterGrowth } from './counter-growth.ts'

export interface Activity {
  /** Length of the window, at most. */
  readonly minutes: number
  /** Webhooks that the gateway refused, by source and code of the answer: `whatsapp/signature_wrong`. */
  readonly refused: Readonly<Record<string, number>>
  /** Messages, by reason. */
  readonly dropped: Readonly<Record<string, number>>
  readonly deadLettered: Readonly<Record<string, number>>
}

export interface StageRate {
  /** Records or requests a second, over a minute; null: not measured yet. */
  readonly perSecond: number | null
  /** Share of dead letters or refusals in the window, 0 to 1; null: nothing was counted. */
  readonly errorShare: number | null
}

/** Metrics of one process, in Prometheus' text format. */
export interface Scraped {
  readonly stage: StageName
  readonly address: string
  readonly text: string
}

const windowMs = 600_000
const rateMs = 60_000

interface Sample {
  /** ms */
  readonly at: number
  /** Counts since the first sample, by `stage kind name`. */
  readonly counts: ReadonlyMap<string, number>
}

const keyOf = (stage: string, kind: string, name: string) => `${stage} ${kind} ${name}`

const counted = ({ stage, text }: Scraped): readonly (readonly [key: string, value: number])[] =>
  stage === 'gateway'
    ? [
        ...seriesOf(text, 'signals_deliveries_received_total')
          .filter(({ labels: { status = '' } }) => !/^[45]/.test(status))
          .map(({ labels: { status = '' }, value }) => [keyOf(stage, 'forwarded', status), value] as const),
        ...seriesOf(text, 'signals_deliveries_refused_total').map(
          ({ labels: { source = '', code = '' }, value }) =>
            [keyOf(stage, 'refused', `${source}/${code}`), value] as const,
        ),
      ]
    : seriesOf(text, 'signals_outcomes_total').map(({ labels: { outcome = '', reason = '' }, value }) => [
        keyOf(stage, outcome, reason),
        value,
      ])

export class ActivityWindow {
  readonly #counters = new CounterGrowth()
  readonly #counts = new Map<string, number>()
  #samples: Sample[] = []

  /** A process that is seen for the first time counts from then on. @param at ms */
  add(at: number, scraped: readonly Scraped[]): void {
    for (const one of scraped) {
      for (const [key, growth] of this.#counters.grown(one.address, counted(one)))
        this.#counts.set(key, (this.#counts.get(key) ?? 0) + growth)
    }
    this.#samples = [
      ...this.#samples.filter((sample) => at - sample.at <= windowMs),
      { at, counts: new Map(this.#counts) },
    ]
  }

  activity(): Activity {
    const grown = this.#grown(windowMs)
    const of = (kind: string, stages: readonly string[]) => {
      const found: Record<string, number> = {}
      for (const [key, count] of grown) {
        const [stage = '', its = '', name = ''] = key.split(' ')
        if (its === kind && count > 0 && stages.includes(stage)) found[name] = (found[name] ?? 0) + count
      }
      return found
    }
    return {
      minutes: windowMs / 60_000,
      refused: of('refused', ['gateway']),
      dropped: of('dropped', stageNames),
      deadLettered: of('deadLettered', stageNames),
    }
  }

  rateOf(stage: StageName): StageRate {
    const total = (grown: ReadonlyMap<string, number>, isMeant: (kind: string) => boolean) =>
      [...grown]
        .map(([key, count]) => [key.split(' '), count] as const)
        .filter(([[its, kind = '']]) => its === stage && isMeant(kind))
        .reduce((sum, [, count]) => sum + count, 0)
    const [first, last] = this.#ends(rateMs)
    const seconds = first && last ? (last.at - first.at) / 1000 : 0
    const all = total(this.#grown(windowMs), () => true)
    return {
      perSecond: seconds === 0 ? null : total(this.#grown(rateMs), () => true) / seconds,
      errorShare:
        all === 0 ? null : total(this.#grown(windowMs), (kind) => kind === 'deadLettered' || kind === 'refused') / all,
    }
  }

  #ends(ms: number): readonly [Sample | undefined, Sample | undefined] {
    const last = this.#samples.at(-1)
    return [this.#samples.find(({ at }) => last && last.at - at <= ms), last]
  }

  #grown(ms: number): ReadonlyMap<string, number> {
    const [first, last] = this.#ends(ms)
    return new Map(Array.from(last?.counts ?? [], ([key, count]) => [key, count - (first?.counts.get(key) ?? 0)]))
  }
}
