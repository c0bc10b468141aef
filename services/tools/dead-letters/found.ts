/** Metadata of a dead letter, without the sealed record. */

import { type FailureCode, failures } from '../../failures.ts'
import { headerNames, redrivesOf } from '../../runtime/batch/record-headers.ts'
import type { ConsumedRecord } from '../../runtime/ports.ts'
import type { DeadLetter } from '../../shared/model/dead-letter.ts'

export interface Origin {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Broker timestamp, ms. */
  readonly timestamp: number
}

export interface FoundDeadLetter {
  /** `topic/partition/offset` of the dead letter itself. */
  readonly id: string
  readonly place: { readonly topic: string; readonly partition: number; readonly offset: bigint }
  readonly stage: string
  readonly code: string
  /** Names fields and rules, never values. */
  readonly reason: string
  /** Items of the record that failed, those that failed alike together; empty: the whole record. */
  readonly items: DeadLetter['items']
  readonly attempt: number
  /** ms */
  readonly failedAt: number
  readonly origin: Origin
  /** `topic/partition/offset` of the original as Kafka and its producer name it. */
  readonly originId: string
  readonly traceparent: string | null
  /** How often the record had been redriven before this failure. */
  readonly redrives: number
  /** Id of the dead letter from which the record was redriven; null: none. */
  readonly redriveOf: string | null
  /** Names the key that seals the record. */
  readonly keyId: string
  readonly sealedBytes: number
}

/** @param prefix what Kafka has before the names of topics; ids hold it */
export const foundOf = (record: ConsumedRecord, deadLetter: DeadLetter, prefix: string): FoundDeadLetter => {
  const { topic, partition, offset, headers } = record
  return {
    id: `${prefix}${topic}/${partition}/${offset}`,
    place: { topic, partition, offset },
    stage: deadLetter.stage,
    code: deadLetter.code,
    reason: deadLetter.detail,
    items: deadLetter.items,
    attempt: deadLetter.attempt,
    failedAt: deadLetter.failedAt,
    origin: {
      topic: deadLetter.topic,
      partition: deadLetter.partition,
      offset: deadLetter.offset,
      timestamp: deadLetter.timestamp,
    },
    originId: `${prefix}${deadLetter.topic}/${deadLetter.partition}/${deadLetter.offset}`,
    traceparent: headers[headerNames.traceparent] ?? null,
    redrives: redrivesOf(record),
    redriveOf: headers[headerNames.redriveOf] ?? null,
    keyId: deadLetter.keyId,
    sealedBytes: deadLetter.original.length,
  }
}

/** Id of the original record: `topic/partition/offset`. */
export const originOf = ({ origin: { topic, partition, offset } }: FoundDeadLetter) => `${topic}/${partition}/${offset}`

/** The catalogue's entry of a code. A code of another version may be redriven after a person has looked it up. */
export const catalogueEntryOf = (code: string) =>
  failures[code as FailureCode] ?? {
    redrive: 'after_fix' as const,
    help: 'This version does not know the code; look it up in the version that wrote it.',
  }
