/** Hits of keyword lists and rule sets for a week, in Redis: counts of each ten minutes, a key for each hour. They outlive this process. */
import type { Clock, RedisCommands } from '../../runtime/ports.ts'
import { CounterGrowth } from '../overview/counter-growth.ts'
import { seriesOf } from '../prometheus-text.ts'
import { keptMs } from './long-history.ts'
import { leastStepMs, stepOf, type UseHistory, type UseKind, type UsePair, useHistoryOf } from './uses.ts'

const hourMs = 3_600_000
const minuteMs = 60_000
/** A day longer than what is shown. */
const ttlSeconds = 8 * 86_400
const keyOf = (hour: number) => `console-uses:${hour}`

type Counts = Record<string, UsePair>
/** Ten minutes: their beginning, then by kind and id. */
interface Kept {
  readonly at: number
  readonly of: Partial<Record<UseKind, Record<string, Counts>>>
}

interface Counter {
  readonly kind: UseKind
  readonly id: string
  readonly name: string
  readonly mode: string
}

const countersIn = (text: string): readonly (readonly [string, number])[] => {
  const keyed = ({ kind, id, name, mode }: Counter, value: number) =>
    [JSON.stringify([kind, id, name, mode]), value] as const
  return [
    ...seriesOf(text, 'signals_keyword_uses_total').map(({ labels: { list = '', flag = '', mode = '' }, value }) =>
      keyed({ kind: 'keyword-lists', id: list, name: flag, mode }, value),
    ),
    ...seriesOf(text, 'signals_rules_total').map(({ labels: { rule_set = '', result = '', mode = '' }, value }) =>
      keyed({ kind: 'rule-sets', id: rule_set, name: result, mode }, value),
    ),
  ]
}

const keptIn = (value: Buffer | null): readonly Kept[] => {
  try {
    return value === null ? [] : (JSON.parse(value.toString()) as readonly Kept[])
  } catch {
    // What is not as it was written is a gap.
    return []
  }
}

/** A flag may be called as what every object has. */
const ownOf = <Value>(values: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined

export class KeptUses {
  readonly #redis: Pick<RedisCommands, 'getMany' | 'setMany'>
  readonly #clock: Pick<Clock, 'now'>
  readonly #counters = new CounterGrowth()
  /** The hour that is written, with what an earlier process wrote of it. */
  #hour: { readonly at: number; readonly kept: Kept[] } | null = null
  #writtenAt = 0

  constructor(redis: Pick<RedisCommands, 'getMany' | 'setMany'>, clock: Pick<Clock, 'now'>) {
    this.#redis = redis
    this.#clock = clock
  }

  /**
   * Writes once a minute. What is counted at the change of an hour while Redis is away is lost.
   * @param scraped metrics of the keywords stage's instances. @throws DependencyError
   */
  async add(scraped: readonly { readonly address: string; readonly text: string }[]): Promise<void> {
    if (scraped.length === 0) return
    const now = this.#clock.now()
    const hour = Math.floor(now / hourMs)
    const growth = scraped.flatMap(({ address, text }) => [...this.#counters.grown(address, countersIn(text))])
    if (this.#hour?.at !== hour) {
      await this.#write()
      const [known = null] = await this.#redis.getMany([keyOf(hour)])
      this.#hour = { at: hour, kept: [...keptIn(known)] }
      this.#writtenAt = 0
    }
    this.#count(Math.floor(now / leastStepMs) * leastStepMs, growth)
    if (now - this.#writtenAt < minuteMs) return
    await this.#write()
    this.#writtenAt = now
  }

  /** @param from ms. @param to ms. @throws DependencyError */
  async read(kind: UseKind, id: string, from: number, to: number): Promise<UseHistory> {
    const step = stepOf(from, to)
    const start = Math.max(Math.floor(from / step) * step, this.#clock.now() - keptMs - step)
    const first = Math.floor(start / hourMs)
    const hours = Array.from({ length: Math.max(0, Math.floor(to / hourMs) - first + 1) }, (_, n) => first + n)
    // The present hour is in memory, where it is newer.
    const present = this.#hour
    const asked = hours.filter((hour) => hour !== present?.at)
    const kept = (await this.#redis.getMany(asked.map(keyOf))).flatMap(keptIn)
    if (present && hours.includes(present.at)) kept.push(...present.kept)
    const found = kept.map(({ at, of }) => ({ at, counts: ownOf(of[kind] ?? {}, id) ?? {} }))
    return useHistoryOf(kind, found, from, to)
  }

  #count(at: number, growth: readonly (readonly [string, number])[]): void {
    const kept = this.#hour?.kept ?? []
    const known = kept.find((one) => one.at === at)
    // Ten minutes without a hit are known, too.
    const own: Kept = known ?? { at, of: {} }
    if (!known) kept.push(own)
    for (const [key, count] of growth) {
      if (count === 0) continue
      const [kind, id, name, mode] = JSON.parse(key) as [UseKind, string, string, string]
      const ids = own.of[kind] ?? {}
      own.of[kind] = ids
      const counts = ownOf(ids, id) ?? {}
      ids[id] = counts
      const [raised, shadow] = ownOf(counts, name) ?? [0, 0]
      counts[name] = mode === 'shadow' ? [raised, shadow + count] : [raised + count, shadow]
    }
  }

  async #write(): Promise<void> {
    if (!this.#hour) return
    const value = Buffer.from(JSON.stringify(this.#hour.kept))
    await this.#redis.setMany([{ key: keyOf(this.#hour.at), value, ttlSeconds }])
  }
}
