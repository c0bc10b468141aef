/**
 * The possible results of processing one message. An outcome is about a message. An exception is about the infrastructure or a bug
 * (broker gone, Redis down) and stops the batch with nothing committed.
 */

import type { Failure, FailureCode } from '../../failures.ts'
import type { TopicRecord } from '../../shared/model/topic-values.ts'
import type { Delay } from '../../topology.ts'

/** Of several items of a record that failed, those that failed alike. */
export interface FailedItem {
  /** Names fields and rules, never values. */
  readonly detail: string
  readonly count: number
}

export type Outcome =
  /** The stage publishes these records, on any of the topics that it writes. */
  | { readonly kind: 'forwarded'; readonly records: readonly TopicRecord[] }
  /** The message ends here, which is no error. Counted by reason, of which each stage has a closed set. */
  | { readonly kind: 'dropped'; readonly reason: string }
  /** The message cannot be processed. The unchanged record goes to the stage's dead-letter topic, with code and origin. */
  | { readonly kind: 'deadLettered'; readonly failure: Failure; readonly items?: readonly FailedItem[] }
  /** The unchanged record comes back after a fixed delay; its attempt number grows only if `attempted`. */
  | { readonly kind: 'deferred'; readonly delay: Delay; readonly reason: string; readonly attempted: boolean }
  /** The unchanged record waits until an operator or a user acts. */
  | { readonly kind: 'parked'; readonly reason: string }

export const forward = (...records: TopicRecord[]): Outcome => ({ kind: 'forwarded', records })
export const drop = (reason: string): Outcome => ({ kind: 'dropped', reason })
/** @param items of the record that failed, where not all of it did */
export const deadLetter = (code: FailureCode, detail: string, items: readonly FailedItem[] = []): Outcome => ({
  kind: 'deadLettered',
  failure: { code, detail },
  ...(items.length > 0 ? { items } : {}),
})

/** Failed items of a dead letter; 1 for the whole record. */
export const failedCount = (items: readonly FailedItem[] | undefined): number =>
  items === undefined || items.length === 0 ? 1 : items.reduce((sum, { count }) => sum + count, 0)
export const defer = (delay: Delay, reason: string): Outcome => ({ kind: 'deferred', delay, reason, attempted: true })
/** Defers without an attempt: waiting for another record or connection must not use up this record's attempts. */
export const deferUnattempted = (delay: Delay, reason: string): Outcome => ({
  kind: 'deferred',
  delay,
  reason,
  attempted: false,
})
export const park = (reason: string): Outcome => ({ kind: 'parked', reason })
