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
  readonly codec: Pick<Codec, 'prepare' | 'decodeDeadLetter'>
  /** KAFKA_TOPIC_PREFIX */
  readonly prefix: string
}

/** open: waits for a person. put_back: redriven. failed_again: redriven, and its record is another dead letter now. */
export const deadLetterStates = ['open', 'put_back', 'failed_again'] as const
export type DeadLetterState = (typeof deadLetterStates)[number]

/** More dead letters than these are counted as `beyond`; the oldest are known. */
export const maxIndexed = 50_000
/** A group for offset queries; nothing commits under it. */
const queryGroup = 'signals-console'

export class DeadLetterIndex {
  readonly #tools: DeadLetterIndexTools
  readonly #next = new Map<string, bigint>()
  readonly #found = new Map<string, FoundDeadLetter>()
  readonly #redriven = new Set<string>()
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

  stateOf({ id }: Pick<FoundDeadLetter, 'id'>): DeadLetterState {
    if (this.#failedAgain.has(id)) return 'failed_again'
    return this.#redriven.has(id) ? 'put_back' : 'open'
  }

  openCount(): number {
    return this.#beyond + [...this.#found.values()].filter((one) => this.stateOf(one) === 'open').length
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

  #addRedrives(records: readonly ConsumedRecord[]): void {
    for (const { key } of records) if (key !== null) this.#redriven.add(key)
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
