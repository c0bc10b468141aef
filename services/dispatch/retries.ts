/**
 * A person asked to try the waiting signals of a connection again. Their records become due, and the connection's breaker half open.
 *
 * The request is the connection's `retriedAt`, so it outlives restarts and reaches each instance. Records stay where they are, and are
 * read once, so no signal is sent twice. Those that wait 10 s are left alone: a call may be under way for them.
 */
import { laterGroup } from '../consumer-groups.ts'
import { laterTopic } from '../derived-topics.ts'
import type { Releases } from '../runtime/batch/releases.ts'
import type { Broker, Clock } from '../runtime/ports.ts'
import type { ConnectionRecord } from '../shared/model/connection-record.ts'
import { delays, stages } from '../topology.ts'
import type { BreakerRegistry } from './circuit-breaker/registry.ts'

/** Topics whose records a request makes due. */
export const retriedDelays = stages.dispatch.delays.filter((delay) => delays[delay] > delays['10s'])
/** A request older than the longest delay finds nothing more that waits since then. */
const longestMs = Math.max(...retriedDelays.map((delay) => delays[delay]))
/** A breaker may have opened for another cause since a request of this age. */
const breakerMs = 60_000
/** Partitions are added by hand, if ever. */
const partitionsKeptMs = 60_000

export interface RetryTools {
  readonly broker: Pick<Broker, 'offsets' | 'partitionOf'>
  readonly breakers: Pick<BreakerRegistry, 'halfOpen'>
  readonly releases: Pick<Releases, 'release'>
  readonly clock: Pick<Clock, 'now'>
  /** Repeats the work while a dependency is away. */
  untilUp<T>(work: () => Promise<T>): Promise<T>
  onRetry?(connectionId: string): void
}

type Request = Pick<ConnectionRecord, 'connectionId' | 'retriedAt'>

export class Retries {
  /** The last request of each connection. */
  readonly #known = new Map<string, number>()
  /** Requests that came before `start`. */
  #early: Request[] = []
  #tools: RetryTools | null = null
  #partitions: { readonly readAt: number; readonly counts: Promise<ReadonlyMap<string, number>> } | null = null

  /** Call it with each record of the connections table. */
  apply(record: Request): void {
    const { connectionId, retriedAt } = record
    if (retriedAt === null || retriedAt <= (this.#known.get(connectionId) ?? 0)) return
    this.#known.set(connectionId, retriedAt)
    if (this.#tools) void this.#retry(record, this.#tools)
    else this.#early.push(record)
  }

  /** Begins with the requests that the table holds already. */
  async start(tools: RetryTools): Promise<void> {
    this.#tools = tools
    const early = this.#early
    this.#early = []
    await Promise.all(early.map((record) => this.#retry(record, tools)))
  }

  async #retry({ connectionId, retriedAt }: Request, tools: RetryTools): Promise<void> {
    const now = tools.clock.now()
    // The time is another machine's: one that is ahead must not keep records due for long.
    const until = Math.min(retriedAt ?? 0, now)
    if (now - until > longestMs) return
    await tools.untilUp(async () => {
      // Before the records are due, else they would meet an open breaker.
      if (now - until <= breakerMs) await tools.breakers.halfOpen(connectionId, now)
      for (const [topic, partitions] of await this.#partitionsOf(tools))
        tools.releases.release(topic, tools.broker.partitionOf(connectionId, partitions), until)
    })
    tools.onRetry?.(connectionId)
  }

  #partitionsOf({ broker, clock }: RetryTools): Promise<ReadonlyMap<string, number>> {
    const now = clock.now()
    if (this.#partitions && now - this.#partitions.readAt < partitionsKeptMs) return this.#partitions.counts
    const counts = Promise.all(
      retriedDelays.map(async (delay) => {
        const topic = laterTopic('dispatch', delay)
        return [topic, (await broker.offsets(laterGroup('dispatch', delay), topic)).length] as const
      }),
    ).then((entries) => new Map(entries))
    this.#partitions = { readAt: now, counts }
    counts.catch(() => {
      this.#partitions = null
    })
    return counts
  }
}
