/**
 * A sent log that rebuilds what Redis has lost from `deliveries.v1` before a read returns. Without it, a replay of signals older than
 * TikTok's own deduplication (48 h) would be counted twice.
 *
 * Signals that TikTok had answered, but whose delivery was not in the topic yet, stay missing. Dispatch sends them again under the same
 * id, which TikTok recognises.
 */

import { hashTagCount } from '../../runtime/time-buckets/bucket-calls.ts'
import type { HourBuckets } from '../../runtime/time-buckets/hour-buckets.ts'
import { incomplete, RebuildableState } from '../../runtime/time-buckets/rebuildable-state.ts'
import type { Delivery } from '../../shared/model/topic-values.ts'
import type { CompletenessMarker } from './completeness-marker.ts'
import {
  bucketKeyOf,
  encodeSentRecord,
  type SentEntry,
  type SentLog,
  type SentRecord,
  type SignalKey,
} from './sent-log.ts'

export interface SentLogRebuildTools {
  readonly sentLog: SentLog
  readonly buckets: Pick<HourBuckets, 'claim'>
  readonly marker: CompletenessMarker
  /**
   * Reads `deliveries.v1` to its end, in batches.
   * @param since broker time of the first record to read, ms; 0: all
   * @throws DependencyError
   */
  readDeliveries(onBatch: (batch: readonly Delivery[]) => Promise<void>, since: number): Promise<void>
  now(): number
  /** Deliveries whose answer is older than this are not rebuilt, ms. */
  readonly keepMs: number
  /** Called with the number of parts when a rebuild begins, and with null when the log is complete. */
  onState?(parts: number | null): void
}

/** null: the signal was never sent, so TikTok has not answered for it. */
const sentRecordOf = ({ outcome, code, attempt, sentAt, settledAt, test }: Delivery): SentRecord | null => {
  switch (outcome) {
    case 'accepted':
    case 'duplicate':
    case 'rejected':
      return {
        final: {
          outcome,
          code: code ?? 0,
          requestId: null,
          attempt,
          sentAt,
          at: settledAt,
          ...(test ? { isTest: true } : {}),
        },
        recorded: true,
      }
    case 'expired':
    case 'withheld':
    case 'counted':
      return null
  }
}

export class RebuildingSentLog implements SentLog {
  readonly #tools: SentLogRebuildTools
  readonly #state: RebuildableState<number>

  constructor(tools: SentLogRebuildTools) {
    this.#tools = tools
    this.#state = new RebuildableState({
      markers: tools.marker,
      onState: tools.onState,
      rebuild: () => this.#restore(0),
    })
  }

  read(signals: readonly SignalKey[]): Promise<readonly (SentRecord | null)[]> {
    return this.#state.read(async () => {
      const records = await this.#tools.sentLog.read(signals)
      // Check the marker after the read: if Redis lost data before it, the marker is gone.
      return (await this.#tools.marker.lost()).length === 0 ? records : incomplete
    })
  }

  write(entries: readonly SentEntry[]): Promise<void> {
    return this.#tools.sentLog.write(entries)
  }

  /**
   * Writes again what was delivered since a broker time (ms; 0: all), except what Redis still has.
   * @throws DependencyError
   */
  async restoreSince(since: number): Promise<void> {
    this.#tools.onState?.(hashTagCount)
    await this.#restore(since)
    this.#tools.onState?.(null)
  }

  #restore(since: number): Promise<void> {
    return this.#tools.readDeliveries((batch) => this.#claim(batch), since)
  }

  /** Resolves once the log holds all that it should. Concurrent calls share one rebuild. @throws DependencyError */
  ensureComplete(): Promise<void> {
    return this.#state.ensureComplete()
  }

  /** `claim` writes only where there is no record, so what dispatch wrote meanwhile stays. */
  async #claim(batch: readonly Delivery[]) {
    const { buckets, now, keepMs } = this.#tools
    const oldest = now() - keepMs
    await buckets.claim(
      batch.flatMap((delivery) => {
        const record = delivery.settledAt < oldest ? null : sentRecordOf(delivery)
        return record ? [{ ...bucketKeyOf(delivery), value: encodeSentRecord(record) }] : []
      }),
    )
  }
}
