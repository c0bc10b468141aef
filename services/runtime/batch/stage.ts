/**
 * A stage is an object with three verbs. IO lives in `load` and `save`; `decide` is the product and is pure.
 *
 *     decode → load → DECIDE → publish → save → commit
 */
import type { ConsumerStage } from '../../topology.ts'
import type { ConsumedRecord } from '../ports.ts'
import type { Outcome } from './outcome.ts'

/** One decoded record with where it came from. `record` is the identity that claims remember across redeliveries. */
export interface Input<In> {
  readonly value: In
  readonly record: ConsumedRecord
  /** 1 for the first time; a deferred record comes back one higher. */
  readonly attempt: number
  /** Of this stage's own span, where the record is traced: what it leads to carries on from it. */
  readonly traceparent?: string | undefined
}

export interface DecideContext<State> {
  readonly state: State
  /** Wall clock when the batch began, ms: read once, so that a batch is decided at one time. */
  readonly now: number
}

export interface Decision<Change> {
  /** One entry per input, in input order; a list where one record (a delivery with several items) settles in parts. */
  readonly outcomes: readonly (Outcome | readonly Outcome[])[]
  readonly changes: readonly Change[]
}

export interface Stage<In, State = undefined, Change = never> {
  readonly name: ConsumerStage
  /** Bytes to value. Throws BadRecord for a record that can never be processed; anything else thrown is about the world. */
  decode(record: ConsumedRecord): In
  /** When the delivery behind a value was taken, ms; unset: the record's header says it. */
  receivedAt?(value: In): number
  /** Edge. Everything `decide` will need, fetched once for the whole batch. */
  load(batch: readonly Input<In>[], now: number): Promise<State>
  /** Core. No IO, no clock, no randomness: the same batch with the same state gives the same bytes. */
  decide(batch: readonly Input<In>[], context: DecideContext<State>): Decision<Change>
  /** Edge. Runs after the broker acknowledged and before offsets move: safe to repeat. */
  save(changes: readonly Change[]): Promise<void>
  /** Told once a slice is published and saved, one outcome per input: for counting only. A redelivery is told again. */
  onProcessed?(batch: readonly Input<In>[], outcomes: Decision<Change>['outcomes']): void
}
