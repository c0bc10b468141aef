/**
 * Sent-marks: what TikTok said about a signal, noted in Redis as soon as it is known and before anything else depends on it.
 * A batch that is read again after a crash sends only what has no mark.
 *
 * Answers that arrive while a write is under way go with the next one: at many small calls this is one round trip for dozens.
 */

import type { HourBuckets } from '../../runtime/time-buckets/hour-buckets.ts'
import type { Signal } from '../../shared/model/topic-values.ts'
import type { FinalResult } from '../send-result.ts'

const outcomes = ['accepted', 'duplicate', 'rejected'] as const
const valueBytes = 13
/** How long a call took, at most; longer is noted as not known. */
const longestCallMs = 0xfffe
const unknownCall = 0xffff
/** Beside the outcome: the delivery record is in Kafka. */
const recordedBit = 0x80

export interface SentRecord {
  readonly settled: FinalResult
  /** True once the broker has the delivery record: it need not be published again. */
  readonly recorded: boolean
}

/**
 * Outcome, attempt, code (24 bits), time of the answer (48 bits of ms) and how long the call took (16 bits of ms): a record published
 * again equals the first, but for TikTok's request id.
 */
export const encodeSentRecord = ({ settled: { outcome, code, attempt, sentAt, at }, recorded }: SentRecord): Buffer => {
  const value = Buffer.allocUnsafe(valueBytes)
  value.writeUInt8(outcomes.indexOf(outcome) | (recorded ? recordedBit : 0), 0)
  value.writeUInt8(Math.min(attempt, 255), 1)
  value.writeUIntBE(Math.min(Math.max(code, 0), 0xffffff), 2, 3)
  value.writeUIntBE(at, 5, 6)
  const tookMs = sentAt === null ? unknownCall : at - sentAt
  value.writeUInt16BE(tookMs >= 0 && tookMs <= longestCallMs ? tookMs : unknownCall, 11)
  return value
}

/** null: not a mark of ours (another version's, say); the signal is sent again under its id, which TikTok tells apart. */
export const decodeSentRecord = (value: Buffer): SentRecord | null => {
  const first = value.length === valueBytes ? value.readUInt8(0) : 0xff
  const outcome = outcomes[first & ~recordedBit]
  if (outcome === undefined) return null
  const at = value.readUIntBE(5, 6)
  const tookMs = value.readUInt16BE(11)
  const settled = {
    outcome,
    attempt: value.readUInt8(1),
    code: value.readUIntBE(2, 3),
    sentAt: tookMs === unknownCall ? null : at - tookMs,
    at,
    requestId: null,
  }
  return { settled, recorded: (first & recordedBit) !== 0 }
}

export type SignalKey = Pick<Signal, 'signalId' | 'occurredAt'>

/** The id is a keyed hash already: its first half is the mark. */
export const bucketKeyOf = ({ signalId, occurredAt }: SignalKey) => ({
  at: occurredAt,
  hash: Buffer.from(signalId.slice(0, 16), 'hex'),
})

export interface SentEntry extends SentRecord {
  readonly signal: SignalKey
}

export interface SentLog {
  /** One per signal, in order; null where TikTok has not settled it. @throws DependencyError */
  read(signals: readonly SignalKey[]): Promise<readonly (SentRecord | null)[]>
  /** Resolves once they are noted. @throws DependencyError: the answers stay known to this process and go with the next write */
  write(entries: readonly SentEntry[]): Promise<void>
}

interface Unwritten {
  readonly at: number
  readonly hash: Buffer
  readonly value: SentRecord
}

export class BucketSentLog implements SentLog {
  readonly #buckets: HourBuckets
  /** Not in Redis yet, by signal id. Bounded by what is sent while Redis is away: nothing new is, since `read` fails then. */
  readonly #unwritten = new Map<string, Unwritten>()
  #writing: Promise<void> | null = null
  #next: Promise<void> | null = null

  constructor(buckets: HourBuckets) {
    this.#buckets = buckets
  }

  async read(signals: readonly SignalKey[]): Promise<readonly (SentRecord | null)[]> {
    // What an earlier write could not bring there: the batch that comes back because of it must not go on without.
    if (this.#unwritten.size > 0) await this.write([])
    const values = await this.#buckets.read(signals.map(bucketKeyOf))
    return signals.map(({ signalId }, index) => {
      const value = values[index]
      return this.#unwritten.get(signalId)?.value ?? (value ? decodeSentRecord(value) : null)
    })
  }

  write(entries: readonly SentEntry[]): Promise<void> {
    for (const { signal, settled, recorded } of entries) {
      const value = { settled: { ...settled, requestId: null }, recorded }
      this.#unwritten.set(signal.signalId, { ...bucketKeyOf(signal), value })
    }
    if (this.#next) return this.#next
    if (this.#writing === null) return this.#flush()
    const after = () => this.#flush()
    this.#next = this.#writing.then(after, after)
    return this.#next
  }

  #flush(): Promise<void> {
    this.#next = null
    const taken = [...this.#unwritten]
    this.#writing = this.#buckets
      .write(taken.map(([, { at, hash, value }]) => ({ at, hash, value: encodeSentRecord(value) })))
      .then(() => {
        for (const [id, entry] of taken) if (this.#unwritten.get(id) === entry) this.#unwritten.delete(id)
      })
      .finally(() => {
        this.#writing = null
      })
    return this.#writing
  }
}
