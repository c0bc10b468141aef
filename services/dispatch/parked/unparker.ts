/**
 * Moves parked signals back to `signals.v1` once their connection can send again, or is disconnected: dispatch then withholds them.
 *
 * The parked topic is a circular queue. A sweep reads every record that was there when it began. It moves those that need not
 * wait any longer, appends the others to the same topic, and commits. The group's offset is the only state. No signal is lost; one that a crash
 * moves twice meets its record in the sent log.
 */

import { parkedGroup } from '../../consumer-groups.ts'
import { parkedTopic } from '../../derived-topics.ts'
import type {
  Broker,
  Cancel,
  Clock,
  ConsumedRecord,
  Headers,
  Producer,
  ProducerRecord,
  RecordBatch,
  RunningConsumer,
  Timers,
} from '../../runtime/ports.ts'
import { type BatchResult, DependencyError } from '../../runtime/ports.ts'
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'
import { topics } from '../../topology.ts'
import type { Parked } from './parked-signals.ts'

export interface UnparkTools {
  readonly broker: Pick<Broker, 'consume'>
  readonly producer: Pick<Producer, 'send'>
  readonly clock: Pick<Clock, 'now'>
  readonly timers: Pick<Timers, 'after'>
  byId(connectionId: string): Pick<ConnectionRecord, 'status' | 'changedAt'> | undefined
  onMoved?(counts: { moved: number; waiting: number }): void
}

/**
 * A batch that was decided before a change may park its signals a moment after it. This process sees that and sweeps again at once. The
 * second sweep finds what another instance parked: it comes later after the change than any batch takes.
 */
const secondSweepMs = 30_000
/** Without a change, a sweep runs this often. */
const idleSweepMs = 600_000
const retryMs = 1_000
/** Changes come in bursts: one sweep serves all of them. */
const burstMs = 250
/** A sweep rewrites the signals that still wait, so long ones must be rare. The cooldown is this many times the sweep's duration. */
const cooldownFactor = 5
const maxCooldownMs = 60_000

/** When a record was first parked, ms; appending it again renews its broker timestamp. */
const parkedAtHeader = 'parked-at'
const parkedAtOf = ({ headers, timestamp }: ConsumedRecord) => Number(headers[parkedAtHeader] ?? timestamp)

type KnownConnection = ReturnType<UnparkTools['byId']>

/** True when the reason to wait is gone. An unknown connection's signals wait on: its record may be on the way. */
const isOver = (reason: string | undefined, connection: KnownConnection): boolean =>
  connection?.status === 'disconnected' ||
  (connection?.status === 'active' && (reason === 'paused' || reason === 'reconnect'))

const waits = (record: ConsumedRecord, connection: KnownConnection): boolean => {
  if (isOver(record.headers.reason, connection)) return false
  // Parked though the connection could send (an unknown code): they wait until a person changes the connection.
  return connection?.status !== 'active' || connection.changedAt <= parkedAtOf(record)
}

const appended = (record: ConsumedRecord): ProducerRecord => ({
  topic: parkedTopic,
  key: record.key,
  value: record.value,
  headers: { ...record.headers, [parkedAtHeader]: String(parkedAtOf(record)) },
})

/** Goes back as new, without its attempts and the reason to wait. */
const movedBack = ({ key, value, headers }: ConsumedRecord): ProducerRecord => {
  const { attempt: _attempt, reason: _reason, [parkedAtHeader]: _at, ...kept } = headers as Record<string, string>
  return { topic: topics.signals.name, key, value, headers: kept satisfies Headers }
}

interface Sweep {
  /** Number of the request that this sweep answers. */
  readonly request: number
  /** Offset at which it ends: records appended later are the next sweep's. */
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
  #hasSweepSoon = false
  #cancelSecondSweep: Cancel = () => {}

  constructor(tools: UnparkTools) {
    this.#tools = tools
    this.#rearm()
  }

  /** A connection has changed to `active` or `disconnected`. */
  changed(): void {
    this.#requestSoon()
    this.#cancelSecondSweep()
    this.#cancelSecondSweep = this.#requestIn(secondSweepMs)
  }

  /** These signals have just been parked: those whose connection changed meanwhile need not wait for the second sweep. */
  parked(signals: readonly Parked[]): void {
    if (signals.some(({ connectionId, reason }) => isOver(reason, this.#tools.byId(connectionId)))) this.#requestSoon()
  }

  start(): Promise<RunningConsumer> {
    return this.#tools.broker.consume({
      group: parkedGroup,
      topics: [parkedTopic],
      from: 'earliest',
      onBatch: (batch) => this.onBatch(batch),
    })
  }

  async onBatch(batch: RecordBatch): Promise<BatchResult> {
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
        record.key !== null && waits(record, this.#tools.byId(record.key)) ? appended(record) : movedBack(record),
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
      const cooldownMs = Math.min(maxCooldownMs, cooldownFactor * (at - sweep.startedAt))
      this.#sweeps.delete(batch.partition)
      this.#swept.set(batch.partition, { request: sweep.request, at, notBefore: at + cooldownMs })
    }
    return { processed: records.length, pauseMs: 0 }
  }

  /** The sweep under way on this partition, or a new one if one is requested or due; null: none. */
  #sweepOf({ partition, highWatermark }: RecordBatch, now: number): Sweep | null {
    const running = this.#sweeps.get(partition)
    if (running) return running
    const last = this.#swept.get(partition)
    const isDue = !last || last.request < this.#request || now - last.at >= idleSweepMs
    if (!isDue || now < (last?.notBefore ?? 0)) return null
    const sweep = { request: this.#request, until: highWatermark, startedAt: now }
    this.#sweeps.set(partition, sweep)
    return sweep
  }

  #requestSoon() {
    if (this.#hasSweepSoon) return
    this.#hasSweepSoon = true
    this.#requestIn(burstMs, () => {
      this.#hasSweepSoon = false
    })
  }

  #requestIn(ms: number, then: () => void = () => {}): Cancel {
    return this.#tools.timers.after(ms, () => {
      then()
      this.#request++
      this.#wake()
      this.#rearm()
    })
  }

  #rearm() {
    this.#woken = new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
