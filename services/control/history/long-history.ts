/**
 * Rate and age of each stage for a week: a mean for each minute, in Redis, a key for each hour. It outlives this process. A week of it takes less
 * than 2 MB, and each key ends by itself.
 */
import type { Clock, RedisCommands } from '../../runtime/ports.ts'
import { type StageName, stageNames } from '../../topology.ts'
import type { StageSample } from '../overview/history.ts'

export const keptMs = 7 * 86_400_000
const hourMs = 3_600_000
const minuteMs = 60_000
/** A day longer than what is shown. */
const ttlSeconds = 8 * 86_400
const keyOf = (hour: number) => `console-history:${hour}`

/** A minute: its time, then rate and age of each stage in the order of `stageNames`. */
type Point = readonly [at: number, ...values: (number | null)[]]

export interface HistorySeries {
  /** ms, ascending. */
  readonly at: readonly number[]
  readonly stages: Readonly<
    Record<
      StageName,
      { readonly perSecond: readonly (number | null)[]; readonly ageSeconds: readonly (number | null)[] }
    >
  >
}

const rounded = (value: number | null) => (value === null ? null : Math.round(value * 100) / 100)
const meanOf = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : rounded(known.reduce((a, b) => a + b, 0) / known.length)
}

/** @param most points at most; neighbours become their mean */
const thinned = (points: readonly Point[], from: number, to: number, most: number): readonly Point[] => {
  const step = Math.max(minuteMs, Math.ceil((to - from) / most / minuteMs) * minuteMs)
  return Array.from(
    Map.groupBy(points, ([at]) => Math.floor(at / step) * step),
    ([at, own]): Point => [
      at,
      ...(own[0] as Point).slice(1).map((_, n) => meanOf(own.map((point) => point[n + 1] ?? null))),
    ],
  )
}

const pointOf = (at: number, samples: readonly (readonly StageSample[])[]): Point => {
  const of = (stage: StageName) => samples.map((sample) => sample.find((one) => one.stage === stage))
  return [
    at,
    ...stageNames.flatMap((stage) => [
      meanOf(of(stage).map((one) => one?.perSecond ?? null)),
      meanOf(of(stage).map((one) => one?.ageSeconds ?? null)),
    ]),
  ]
}

/** @param points ascending */
export const seriesOfPoints = (points: readonly Point[]): HistorySeries => ({
  at: points.map(([at]) => at),
  stages: Object.fromEntries(
    stageNames.map((stage, n) => [
      stage,
      {
        perSecond: points.map((point) => point[1 + 2 * n] ?? null),
        ageSeconds: points.map((point) => point[2 + 2 * n] ?? null),
      },
    ]),
  ) as unknown as HistorySeries['stages'],
})

export class LongHistory {
  readonly #redis: Pick<RedisCommands, 'getMany' | 'setMany'>
  readonly #clock: Pick<Clock, 'now'>
  #minute: { readonly at: number; readonly samples: (readonly StageSample[])[] } | null = null
  /** The hour that is written, with what an earlier process wrote of it. */
  #hour: { readonly at: number; readonly points: Point[] } | null = null

  constructor(redis: Pick<RedisCommands, 'getMany' | 'setMany'>, clock: Pick<Clock, 'now'>) {
    this.#redis = redis
    this.#clock = clock
  }

  /** Writes once a minute. What cannot be written is a gap. @throws DependencyError */
  async add(stages: readonly StageSample[]): Promise<void> {
    const now = this.#clock.now()
    const at = Math.floor(now / minuteMs) * minuteMs
    const ended = this.#minute
    if (ended?.at === at) {
      ended.samples.push(stages)
      return
    }
    this.#minute = { at, samples: [stages] }
    if (ended) await this.#write(ended.at, ended.samples)
  }

  /** @param from ms. @param to ms. @param most points at most. @throws DependencyError */
  async read(from: number, to: number, most: number): Promise<HistorySeries> {
    const first = Math.floor(Math.max(from, this.#clock.now() - keptMs) / hourMs)
    const last = Math.floor(to / hourMs)
    const hours = Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n)
    const kept = (await this.#redis.getMany(hours.map(keyOf))).flatMap(pointsIn)
    // The present minute is written when it has ended.
    const points = this.#minute ? [...kept, pointOf(this.#minute.at, this.#minute.samples)] : kept
    const wanted = points.filter(([at]) => at >= from && at <= to)
    return seriesOfPoints(thinned(wanted, from, to, most))
  }

  async #write(at: number, samples: readonly (readonly StageSample[])[]): Promise<void> {
    const hour = Math.floor(at / hourMs)
    if (this.#hour?.at !== hour) {
      const [known = null] = await this.#redis.getMany([keyOf(hour)])
      this.#hour = { at: hour, points: [...pointsIn(known)] }
    }
    this.#hour.points.push(pointOf(at, samples))
    const value = Buffer.from(JSON.stringify(this.#hour.points))
    await this.#redis.setMany([{ key: keyOf(hour), value, ttlSeconds }])
  }
}

/** What is not as it was written is a gap. */
const pointsIn = (value: Buffer | null): readonly Point[] => {
  try {
    return value === null ? [] : (JSON.parse(value.toString()) as readonly Point[])
  } catch {
    return []
  }
}
