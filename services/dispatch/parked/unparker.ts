/**
 * Un-parking: what waits for a person goes back to `signals.v1` once its connection can send again (or is disconnected: there
 * it is withheld).
 *
 * The parked topic is a queue that goes round: a sweep takes every record that was there when it began, moves those that need
 * not wait any more, puts the others at the end again, and commits. So the group's offset is all the state there is. Nothing
 * is lost; what a crash moves twice meets its sent-mark.
 */

import { parkedGroup } from '../../consumer-groups.ts'
import { parkedTopic } from '../../derived-topics.ts'
import type {
  Broker,
  Clock,
  ConsumedRecord,
  Headers,
  Producer,
  ProducerRecord,
  RecordBatch,
  RunningConsumer,
} from '../../runtime/ports.ts'
import { DependencyError } from '../../runtime/ports.ts'
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'
import { topics } from '../../topology.ts'
import type { Parked } from './parked-signals.ts'

export interface UnparkTools {
  readonly broker: Pick<Broker, 'consume'>
  readonly producer: Pick<Producer, 'send'>
  readonly clock: Clock
  byId(connectionId: string): Pick<ConnectionRecord, 'status' | 'changedAt'> | undefined
  onMoved?(counts: { moved: number; waiting: number }): void
}

/**
 * A batch that was decided before a change may park its signals a moment after it. This process sees that and sweeps again at
 * once; for what another instance parked there is a second sweep, longer after the change than any batch takes.
 */
const secondSweepMs = 30_000
/** Besides changes, everything is looked at this often. */
const idleSweepMs = 600_000
const retryMs = 1_000
/** Changes come in bursts: one sweep for all of them. */
const burstMs = 250
/** A sweep writes what still waits anew, so a long one must be rare: it rests this many times its own duration, up to a minute. */
const restFactor = 5
const longestRestMs = 60_000

/** When a record was first parked, ms; going round renews its broker timestamp. */
const parkedAtHeader = 'parked-at'
const parkedAtOf = ({ headers, timestamp }: ConsumedRecord) => Number(headers[parkedAtHeader] ?? timestamp)

type Known = ReturnType<UnparkTools['byId']>

/** What was waited for is there. An unknown connection's signals wait on: its record may be on the way. */
const isOver = (reason: string | undefined, connection: Known): boolean =>
  connection?.status === 'disconnected' ||
  (connection?.status === 'active' && (reason === 'paused' || reason === 'reconnect'))

const waits = (record: ConsumedRecord, connection: Known): boolean => {
  if (isOver(record.headers.reason, connection)) return false
  // Parked although the connection could send (an unknown code): a person has to have touched the connection since.
  return connection?.status !== 'active' || connection.changedAt <= parkedAtOf(record)
}

const round = (record: ConsumedRecord): ProducerRecord => ({
  topic: parkedTopic,
  key: record.key,
  value: record.value,
  headers: { ...record.headers, [parkedAtHeader]: String(parkedAtOf(record)) },
})

/** Goes back as new: its attempts and the reason to wait were of another time. */
const back = ({ key, value, headers }: ConsumedRecord): ProducerRecord => {
  const { attempt: _attempt, reason: _reason, [parkedAtHeader]: _at, ...kept } = headers as Record<string, string>
  return { topic: topics.signals.name, key, value, headers: kept satisfies Headers }
}

interface Sweep {
  /** Number of the request that this sweep answers. */
  readonly request: number
  /** Offset at which it ends: what was put back behind it waits for the next one. */
  readonly until: bigint
  readonly startedAt: number
}

interface Swept {
  readonly request: number
  readonly at: number
  readonly notBefore: number
}

export class Unparker {
  readonly #tools: UnparkTools
  readonly #sweeps = new Map<number, Sweep>()
  readonly #swept = new Map<number, Swept>()
  #request = 1
  #wake: () => void = () => {}
  #woken: Promise<void> = Promise.resolve()
  #soon: NodeJS.Timeout | undefined
  #again: NodeJS.Timeout | undefined

  constructor(tools: UnparkTools) {
    this.#tools = tools
    this.#rearm()
  }

  /** A connection has changed to `active` or `disconnected`. */
  changed(): void {
    this.#askSoon()
    clearTimeout(this.#again)
    this.#again = this.#askIn(secondSweepMs)
  }

  /** These have just been parked: whose connection has changed meanwhile need not wait for the second sweep. */
  parked(signals: readonly Parked[]): void {
    if (signals.some(({ connectionId, reason }) => isOver(reason, this.#tools.byId(connectionId)))) this.#askSoon()
  }

  start(): Promise<RunningConsumer> {
    return this.#tools.broker.consume({
      group: parkedGroup,
      topics: [parkedTopic],
      from: 'earliest',
      onBatch: (batch) => this.onBatch(batch),
    })
  }

  async onBatch(batch: RecordBatch): Promise<{ processed: number; pauseMs: number; wake?: Promise<void> }> {
    const now = this.#tools.clock.now()
    const sweep = this.#sweepOf(batch, now)
    if (!sweep) {
      const tooEarly = (this.#swept.get(batch.partition)?.notBefore ?? 0) - now
      return tooEarly > 0
        ? { processed: 0, pauseMs: tooEarly }
        : { processed: 0, pauseMs: idleSweepMs, wake: this.#woken }
    }
    const records = batch.records.filter(({ offset }) => offset < sweep.until)
    if (records.length > 0) {
      const moves = records.map((record) =>
        record.key !== null && waits(record, this.#tools.byId(record.key)) ? round(record) : back(record),
      )
      try {
        await this.#tools.producer.send(moves)
      } catch (error) {
        if (!(error instanceof DependencyError)) throw error
        return { processed: 0, pauseMs: retryMs }
      }
      const waiting = moves.filter(({ topic }) => topic === parkedTopic).length
      this.#tools.onMoved?.({ moved: moves.length - waiting, waiting })
    }
    const next = records.at(-1)?.offset
    if (records.length < batch.records.length || (next !== undefined && next + 1n >= sweep.until)) {
      const at = this.#tools.clock.now()
      const rest = Math.min(longestRestMs, restFactor * (at - sweep.startedAt))
      this.#sweeps.delete(batch.partition)
      this.#swept.set(batch.partition, { request: sweep.request, at, notBefore: at + rest })
    }
    return { processed: records.length, pauseMs: 0 }
  }

  /** The sweep under way on this partition, or a new one if something asks for it. */
  #sweepOf({ partition, highWatermark }: RecordBatch, now: number): Sweep | null {
    const running = this.#sweeps.get(partition)
    if (running) return running
    const last = this.#swept.get(partition)
    const isAsked = !last || last.request < this.#request || now - last.at >= idleSweepMs
    if (!isAsked || now < (last?.notBefore ?? 0)) return null
    const sweep = { request: this.#request, until: highWatermark, startedAt: now }
    this.#sweeps.set(partition, sweep)
    return sweep
  }

  #askSoon() {
    this.#soon ??= this.#askIn(burstMs, () => {
      this.#soon = undefined
    })
  }

  #askIn(ms: number, then: () => void = () => {}): NodeJS.Timeout {
    return setTimeout(() => {
      then()
      this.#request++
      this.#wake()
      this.#rearm()
    }, ms).unref()
  }

  #rearm() {
    this.#woken = new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
