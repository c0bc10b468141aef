/**
 * The interface of a stage. `load` and `save` do the IO; `decide` is pure and holds the product's rules.
 *
 *     decode → load → DECIDE → publish → save → commit
 */
import type { ConsumerStage } from '../../topology.ts'
import type { ConsumedRecord } from '../ports.ts'
import type { Outcome } from './outcome.ts'

/** One decoded record and its origin. Claims identify a record by topic, partition and offset, which redeliveries keep. */
export interface Input<In> {
  readonly value: In
  readonly record: ConsumedRecord
  /** 1 at first; each attempted deferral adds one. */
  readonly attempt: number
  /** Context of this stage's span of the record, for the records made from it; set when the record is sampled. */
  readonly traceparent?: string | undefined
}

export interface DecideContext<State> {
  readonly state: State
  /** Time when the slice began, ms; read once, so that the whole slice is decided at one time. */
  readonly now: number
}

export interface Decision<Change> {
  /** One entry per input, in input order; a list where one record (a webhook delivery with several items) has several outcomes. */
  readonly outcomes: readonly (Outcome | readonly Outcome[])[]
  readonly changes: readonly Change[]
}

/** Puts accounts aside whose records fail too often. */
export interface Quarantine {
  /** The account of the record, if it is in quarantine: the record is put aside unread. */
  holds(record: ConsumedRecord): string | null
  /** Whether a further failure of the record's account tells nothing about the stage. */
  isSpent(record: ConsumedRecord): boolean
  /** Called for each record once its outcomes are published. A redelivery calls it again. */
  count(record: ConsumedRecord, failed: boolean): void
}

export interface Stage<In, State = undefined, Change = never> {
  readonly name: ConsumerStage
  /** Parses a record. @throws BadRecord for a record that can never be processed; any other error stops the batch */
  decode(record: ConsumedRecord): In
  /** When the gateway received the value's webhook delivery, ms; unset: the record's header holds it. */
  receivedAt?(value: In): number
  /** The connection that a record is of, to seal it in a dead letter so that it ends with the consent; unset or undefined: unknown. */
  connectionOf?(record: ConsumedRecord): string | undefined
  /** Unset: failures of all records count for the stage alike. */
  readonly quarantine?: Quarantine
  /**
   * Fetches all that `decide` needs, once for the whole slice.
   * @param records of the slice, also those that gave no input; unset: those of the batch
   */
  load(batch: readonly Input<In>[], now: number, records?: readonly ConsumedRecord[]): Promise<State>
  /** Pure: no IO, no clock, no randomness. The same batch with the same state gives the same bytes. */
  decide(batch: readonly Input<In>[], context: DecideContext<State>): Decision<Change>
  /** Writes the changes, after the broker acknowledged the records and before offsets are committed. Must be idempotent. */
  save(changes: readonly Change[]): Promise<void>
  /** Called after a slice is published and saved, with one outcome per input; for metrics only. A redelivery calls it again. */
  onProcessed?(batch: readonly Input<In>[], outcomes: Decision<Change>['outcomes']): void
}
