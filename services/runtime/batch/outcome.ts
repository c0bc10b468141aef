/**
 * What can become of a message. An outcome is about a message; an exception is about the world (broker gone, Redis down, a
 * bug) and stops the batch with nothing committed.
 */
import type { TopicRecord } from '../../shared/model/topic-values.ts'
import type { Delay } from '../../topology.ts'
import type { Failure, FailureCode } from '../failures.ts'

export type Outcome =
  /** Goes on: the records to publish, on any topics that the stage writes. */
  | { readonly kind: 'forwarded'; readonly records: readonly TopicRecord[] }
  /** Ends here, counted by reason: a closed set per stage, no error. */
  | { readonly kind: 'dropped'; readonly reason: string }
  /** Cannot be processed: goes to the stage's dead letters as it came, with code and origin. */
  | { readonly kind: 'deadLettered'; readonly failure: Failure }
  /** Comes back after a fixed delay, as it came, one attempt older unless nothing was attempted. */
  | { readonly kind: 'deferred'; readonly delay: Delay; readonly reason: string; readonly attempted: boolean }
  /** Waits for a person, as it came. */
  | { readonly kind: 'parked'; readonly reason: string }

export const forward = (...records: TopicRecord[]): Outcome => ({ kind: 'forwarded', records })
export const drop = (reason: string): Outcome => ({ kind: 'dropped', reason })
export const deadLetter = (code: FailureCode, detail: string): Outcome => ({
  kind: 'deadLettered',
  failure: { code, detail },
})
export const defer = (delay: Delay, reason: string): Outcome => ({ kind: 'deferred', delay, reason, attempted: true })
/** Defers what nobody tried: waiting for somebody else's trouble must not use up a record's own attempts. */
export const deferUnattempted = (delay: Delay, reason: string): Outcome => ({
  kind: 'deferred',
  delay,
  reason,
  attempted: false,
})
export const park = (reason: string): Outcome => ({ kind: 'parked', reason })
