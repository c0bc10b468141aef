/**
 * Metadata of all dead letters in memory, so that the console lists them at once. Each refresh reads only what is new; the records
 * themselves stay sealed on Kafka.
 */
import { deadLetterTopic } from '../../derived-topics.ts'
import { decodable } from '../../failures.ts'
import type { Broker, ConsumedRecord, OffsetRange } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { type FoundDeadLetter, foundOf } from '../../tools/dead-letters/found.ts'
import { consumerStages, topics } from '../../topology.ts'

export interface DeadLetterIndexTools {
  readonly broker: Pick<Broker, 'progress' | 'read'>
  readonly codec: Pick<Codec, 'prepare' | 'decode' | 'decodeDeadLetter'>
  /** KAFKA_TOPIC_PREFIX */
  readonly prefix: string
  /** A time up to which the stage has processed what came, ms; null: unknown. */
  processedUpTo?(stage: string): number | null
}

/**
 * open: waits for a person. put_back: redriven, and not yet known to be processed. resolved: redriven and processed. failed_again: redriven,
 * and its record is another dead letter now. discarded: a person decided that it is not put back.
 */
export const deadLetterStates = ['open', 'put_back', 'resolved', 'failed_again', 'discarded'] as const
export type DeadLetterState = (typeof deadLetterStates)[number]

interface Redriven {
  /** ms */
  readonly at: number
  readonly discarded: boolean
}

/** More dead letters than these are counted as `beyond`; the oldest are known. */
export const maxIndexed = 50_000
/** Between the mark of a redrive and the broker's time of its record, and until a second failure is read here. */
const settledMs = 3_000
/** A group for offset queries; nothing commits under it. */
const queryGroup = 'signals-console'

export class DeadLetterIndex {
  readonly #tools: DeadLetterIndexTools
  readonly #next = new Map<string, bigint>()
  readonly #found = new Map<string, FoundDeadLetter>()
  readonly #redriven = new Map<string, Redriven>()
  readonly #failedAgain = new Set<string>()
  #refreshing: Promise<void> | undefined
  #beyond = 0

  constructor(tools: DeadLetterIndexTools) {
    this.#tools = tools
  }

  /** A call during a refresh waits for that one. @throws DependencyError; what was known stays */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** Latest first. */
  all(): readonly FoundDeadLetter[] {
    return [...this.#found.values()].sort((a, b) => b.failedAt - a.failedAt)
  }

  stateOf({ id, stage }: Pick<FoundDeadLetter, 'id' | 'stage'>): DeadLetterState {
    if (this.#failedAgain.has(id)) return 'failed_again'
    const redriven = this.#redriven.get(id)
    if (redriven === undefined) return 'open'
    if (redriven.discarded) return 'discarded'
    const processed = this.#tools.processedUpTo?.(stage) ?? null
    return processed !== null && processed > redriven.at + settledMs ? 'resolved' : 'put_back'
  }

  openCount(): number {
    return this.#beyond + [...this.#found.values()].filter((one) => this.stateOf(one) === 'open').length
  }

  /** Open ones by code, those beyond what is kept left out. */
  openByCode(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {}
    for (const one of this.#found.values())
      if (this.stateOf(one) === 'open') counts[one.code] = (counts[one.code] ?? 0) + 1
    return counts
  }

  async #refresh(): Promise<void> {
    const deadTopics = consumerStages.map(deadLetterTopic)
    const all = [...deadTopics, topics.redrives.name]
    const ends = await this.#tools.broker.progress(all.map((topic) => ({ group: queryGroup, topic })))
    for (const [n, topic] of all.entries()) {
      const ranges: OffsetRange[] = []
      for (const { partition, low, high } of ends[n] ?? []) {
        const place = `${topic}/${partition}`
        if (topic !== topics.redrives.name) this.#forgetBefore(topic, partition, low)
        const known = this.#next.get(place)
        const from = known !== undefined && known > low ? known : low
        if (from < high) ranges.push({ partition, from, to: high })
      }
      if (ranges.length === 0) continue
      await this.#tools.broker.read(topic, ranges, (records) =>
        topic === topics.redrives.name ? this.#addRedrives(records) : this.#addDeadLetters(records),
      )
      for (const { partition, to } of ranges) this.#next.set(`${topic}/${partition}`, to)
    }
  }

  async #addRedrives(records: readonly ConsumedRecord[]): Promise<void> {
    const { codec } = this.#tools
    await codec.prepare(records)
    for (const record of records) {
      if (record.key === null) continue
      const redrive = decodable(() => codec.decode('redrives', record))
      const { redrivenAt: at = record.timestamp, discarded = false } = redrive ?? {}
      this.#redriven.set(record.key, { at, discarded })
    }
  }

  async #addDeadLetters(records: readonly ConsumedRecord[]): Promise<void> {
    const { codec, prefix } = this.#tools
    await codec.prepare(records)
    for (const record of records) {
      // One that does not decode must not hide those after it.
      const deadLetter = decodable(() => codec.decodeDeadLetter(record.value))
      if (!deadLetter) continue
      const found = foundOf(record, deadLetter, prefix)
      if (found.redriveOf !== null) this.#failedAgain.add(found.redriveOf)
      if (this.#found.size < maxIndexed) this.#found.set(found.id, found)
      else this.#beyond++
    }
  }

  /** Retention has removed them. */
  #forgetBefore(topic: string, partition: number, low: bigint): void {
    for (const [id, { place }] of this.#found)
      if (place.topic === topic && place.partition === partition && place.offset < low) this.#found.delete(id)
  }
}
