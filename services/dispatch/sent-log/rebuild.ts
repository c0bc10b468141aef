/**
 * Sent-marks that are brought back from `deliveries.v1` when Redis has lost them: whoever reads meanwhile waits. Without them a replay of
 * what is older than TikTok's own memory (48 h) would be counted twice.
 *
 * What is missing afterwards is what was under way when Redis lost its data: answered, and not yet in the topic. It is sent again under
 * the same id, which TikTok tells apart.
 */
import { randomUUID } from 'node:crypto'
import type { HourBuckets } from '../../runtime/time-buckets/hour-buckets.ts'
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
  readonly marks: SentLog
  readonly buckets: Pick<HourBuckets, 'claim'>
  readonly presence: CompletenessMarker
  /** Hands over everything in `deliveries.v1`, in batches; resolves at its end. @throws DependencyError */
  deliveries(onBatch: (batch: readonly Delivery[]) => Promise<void>): Promise<void>
  now(): number
  readonly keepMs: number
  /** How many parts are being restored; null when it is done. */
  onState?(parts: number | null): void
}

/** null: TikTok has said nothing about it. */
const markOf = ({ outcome, code, attempt, sentAt, settledAt }: Delivery): SentRecord | null => {
  switch (outcome) {
    case 'accepted':
    case 'duplicate':
    case 'rejected':
      return {
        settled: { outcome, code: code ?? 0, requestId: null, attempt, sentAt, at: settledAt },
        recorded: true,
      }
    case 'expired':
    case 'withheld':
      return null
  }
}

export class RebuildingSentLog implements SentLog {
  readonly #tools: SentLogRebuildTools
  #restoring: Promise<void> | null = null

  constructor(tools: SentLogRebuildTools) {
    this.#tools = tools
  }

  async read(signals: readonly SignalKey[]): Promise<readonly (SentRecord | null)[]> {
    for (;;) {
      const marks = await this.#tools.marks.read(signals)
      // Asked after the marks: were they read before something was lost, the marker says so.
      if ((await this.#tools.presence.lost()).length === 0) return marks
      await this.whole()
    }
  }

  write(entries: readonly SentEntry[]): Promise<void> {
    return this.#tools.marks.write(entries)
  }

  /** Resolves once all marks are there that should be. Batches that find them lost share one restoration. */
  whole(): Promise<void> {
    this.#restoring ??= this.#restore().finally(() => {
      this.#restoring = null
    })
    return this.#restoring
  }

  async #restore(): Promise<void> {
    const { presence, deliveries, onState } = this.#tools
    for (let lost = await presence.lost(); lost.length > 0; lost = await presence.lost()) {
      onState?.(lost.length)
      const token = randomUUID()
      await presence.begin(lost, token)
      await deliveries((batch) => this.#claim(batch))
      await presence.complete(lost, token)
    }
    onState?.(null)
  }

  /** Never in place of something newer: what was written meanwhile stays. */
  async #claim(batch: readonly Delivery[]) {
    const { buckets, now, keepMs } = this.#tools
    const oldest = now() - keepMs
    await buckets.claim(
      batch.flatMap((delivery) => {
        const mark = delivery.settledAt < oldest ? null : markOf(delivery)
        return mark ? [{ ...bucketKeyOf(delivery), value: encodeSentRecord(mark) }] : []
      }),
    )
  }
}
