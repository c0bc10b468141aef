/**
 * The sent log: the destination's final answer about each event (an idempotency record). It is written to Redis as soon as it is known,
 * before anything depends on it. A batch that is read again after a crash sends only the events without a record.
 *
 * Answers that arrive while a write is under way share the next one. With many small calls that is one round trip for dozens.
 */

import { Coalescer } from '../../runtime/coalescer.ts'
import type { HourBuckets } from '../../runtime/time-buckets/hour-buckets.ts'
import type { Signal } from '../../shared/model/topic-values.ts'
import type { FinalResult } from '../signal/send-result.ts'

const outcomes = ['accepted', 'duplicate', 'rejected'] as const
const valueBytes = 13
/** Longest call time that fits, ms; a longer one is stored as not known. */
const maxCallMs = 0xfffe
const unknownCall = 0xffff
/** Set beside the outcome when the delivery record is in Kafka. */
const recordedBit = 0x80
/** Set beside the outcome of a test. A version that does not know it sends the event again under its id. */
const testBit = 0x40

export interface SentRecord {
  readonly final: FinalResult
  /** True once the broker has the delivery record: dispatch does not publish it again. */
  readonly recorded: boolean
}

/**
 * 13 bytes, big-endian: outcome, recorded bit and test bit (8 bits), attempt (8), code (24), time of the answer (48, ms), call time (16, ms).
 * A delivery record published again from it equals the first, except for the request id.
 */
export const encodeSentRecord = ({
  final: { outcome, code, attempt, sentAt, at, isTest },
  recorded,
}: SentRecord): Buffer => {
  const value = Buffer.allocUnsafe(valueBytes)
  value.writeUInt8(outcomes.indexOf(outcome) | (recorded ? recordedBit : 0) | (isTest ? testBit : 0), 0)
  value.writeUInt8(Math.min(attempt, 255), 1)
  value.writeUIntBE(Math.min(Math.max(code, 0), 0xffffff), 2, 3)
  value.writeUIntBE(at, 5, 6)
  const tookMs = sentAt === null ? unknownCall : at - sentAt
  value.writeUInt16BE(tookMs >= 0 && tookMs <= maxCallMs ? tookMs : unknownCall, 11)
  return value
}

/** null: not this format, for example another version's. The event is then sent again under its id, which TikTok deduplicates. */
export const decodeSentRecord = (value: Buffer): SentRecord | null => {
  const first = value.length === valueBytes ? value.readUInt8(0) : 0xff
  const outcome = outcomes[first & ~(recordedBit | testBit)]
  if (outcome === undefined) return null
  const at = value.readUIntBE(5, 6)
  const tookMs = value.readUInt16BE(11)
  const final = {
    outcome,
    attempt: value.readUInt8(1),
    code: value.readUIntBE(2, 3),
    sentAt: tookMs === unknownCall ? null : at - tookMs,
    at,
    requestId: null,
    ...((first & testBit) === 0 ? {} : { isTest: true }),
  }
  return { final, recorded: (first & recordedBit) !== 0 }
}

export type SignalKey = Pick<Signal, 'signalId' | 'occurredAt'>

/** The id is a keyed hash already, so its first half serves as the key. */
export const bucketKeyOf = ({ signalId, occurredAt }: SignalKey) => ({
  at: occurredAt,
  hash: Buffer.from(signalId.slice(0, 16), 'hex'),
})

export interface SentEntry extends SentRecord {
  readonly signal: SignalKey
}

export interface SentLog {
  /** One per signal, in order; null: no final answer yet. @throws DependencyError */
  read(signals: readonly SignalKey[]): Promise<readonly (SentRecord | null)[]>
  /** Resolves once Redis has them. @throws DependencyError: this process then keeps the answers and writes them with the next ones */
  write(entries: readonly SentEntry[]): Promise<void>
}

interface Unwritten {
  readonly at: number
  readonly hash: Buffer
  readonly value: SentRecord
}

export class BucketSentLog implements SentLog {
  readonly #buckets: HourBuckets
  /** By event id. Bounded by what is sent while Redis is away: nothing new is, because `read` fails then. */
  readonly #unwritten = new Map<string, Unwritten>()
  readonly #writes = new Coalescer<never>(() => this.#writeAll(), undefined, queueMicrotask)

  constructor(buckets: HourBuckets) {
    this.#buckets = buckets
  }

  async read(signals: readonly SignalKey[]): Promise<readonly (SentRecord | null)[]> {
    // A batch that comes back because of a failed write must not go on before that write succeeds.
    if (this.#unwritten.size > 0) await this.write([])
    const values = await this.#buckets.read(signals.map(bucketKeyOf))
    return signals.map(({ signalId }, index) => {
      const value = values[index]
      return this.#unwritten.get(signalId)?.value ?? (value ? decodeSentRecord(value) : null)
    })
  }

  write(entries: readonly SentEntry[]): Promise<void> {
    for (const { signal, final, recorded } of entries) {
      const value = { final: { ...final, requestId: null }, recorded }
      this.#unwritten.set(signal.signalId, { ...bucketKeyOf(signal), value })
    }
    return this.#writes.call([])
  }

  async #writeAll(): Promise<void> {
    const taken = [...this.#unwritten]
    await this.#buckets.write(taken.map(([, { at, hash, value }]) => ({ at, hash, value: encodeSentRecord(value) })))
    // An entry that was replaced meanwhile goes with the next write.
    for (const [id, entry] of taken) if (this.#unwritten.get(id) === entry) this.#unwritten.delete(id)
  }
}
