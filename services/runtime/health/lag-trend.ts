/** The trend of a topic's lag: rates over the samples of the last 30 s, and the time left to catch up. */
import type { PartitionLag } from './lag.ts'

const windowMs = 30_000

export interface Trend {
  /** Growth of the backlog, messages a second; negative while catching up; null after a single sample. */
  readonly trendPerSecond: number | null
  readonly processedPerSecond: number | null
  /** Time to catch up at this rate; 0 without a backlog, null while the backlog does not shrink or after a single sample. */
  readonly catchUpSeconds: number | null
}

interface Sample {
  readonly at: number
  readonly messages: number
  /** Sum of the group's offsets; only differences between samples have a meaning. */
  readonly offsets: bigint
}

export class LagTrend {
  readonly #samples = new Map<string, Sample[]>()

  /** @param at ms */
  add(at: number, lags: readonly PartitionLag[]): void {
    for (const [topic, own] of Map.groupBy(lags, (lag) => lag.topic)) {
      const samples = this.#samples.get(topic) ?? []
      this.#samples.set(topic, samples)
      samples.push({
        at,
        messages: own.reduce((sum, { messages }) => sum + messages, 0),
        offsets: own.reduce((sum, { next }) => sum + next, 0n),
      })
      while (samples.length > 2 && (samples[1] as Sample).at <= at - windowMs) samples.shift()
    }
  }

  of(topic: string): Trend {
    const samples = this.#samples.get(topic) ?? []
    const [first, last] = [samples[0], samples.at(-1)]
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
