/** Where a topic's lag is going: rates over the last half minute of looks, and when it will have caught up. */
import type { PartitionLag } from './lag.ts'

const windowMs = 30_000

export interface Trend {
  /** Messages a second that the backlog grows by; negative while catching up; null after a single look. */
  readonly trendPerSecond: number | null
  readonly processedPerSecond: number | null
  /** At this rate; 0 when there is nothing to catch up with, null when it does not come nearer or nothing is known yet. */
  readonly catchUpSeconds: number | null
}

interface Look {
  readonly at: number
  readonly messages: number
  /** Sum of its group's offsets: what it has processed, from any beginning. */
  readonly offsets: bigint
}

export class LagTrend {
  readonly #looks = new Map<string, Look[]>()

  /** @param at ms */
  add(at: number, lags: readonly PartitionLag[]): void {
    for (const [topic, own] of Map.groupBy(lags, (lag) => lag.topic)) {
      const looks = this.#looks.get(topic) ?? []
      this.#looks.set(topic, looks)
      looks.push({
        at,
        messages: own.reduce((sum, { messages }) => sum + messages, 0),
        offsets: own.reduce((sum, { next }) => sum + next, 0n),
      })
      while (looks.length > 2 && (looks[1] as Look).at <= at - windowMs) looks.shift()
    }
  }

  of(topic: string): Trend {
    const looks = this.#looks.get(topic) ?? []
    const [first, last] = [looks[0], looks.at(-1)]
    const catchUp = last?.messages === 0 ? 0 : null
    if (!first || !last || last.at <= first.at)
      return { trendPerSecond: null, processedPerSecond: null, catchUpSeconds: catchUp }
    const elapsed = (last.at - first.at) / 1000
    const trend = (last.messages - first.messages) / elapsed
    return {
      trendPerSecond: trend,
      processedPerSecond: Number(last.offsets - first.offsets) / elapsed,
      catchUpSeconds: catchUp ?? (trend < 0 ? last.messages / -trend : null),
    }
  }
}
