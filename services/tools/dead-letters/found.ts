/** A dead letter as it is read back: everything about it, and nothing of what it holds. */

import { headerNames, redrivesOf } from '../../runtime/batch/record-headers.ts'
import { type FailureCode, failures } from '../../runtime/failures.ts'
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
  /** In words: names fields and rules, never values. */
  readonly reason: string
  readonly attempt: number
  /** ms */
  readonly failedAt: number
  readonly origin: Origin
  readonly traceparent: string | null
  /** How often the record had been put back before it failed; above 0 this is not its first failure. */
  readonly redrives: number
  readonly redriveOf: string | null
  /** Names the key that seals it. */
  readonly keyId: string
  readonly sealedBytes: number
}

export const foundOf = (record: ConsumedRecord, letter: DeadLetter): FoundDeadLetter => {
  const { topic, partition, offset, headers } = record
  return {
    id: `${topic}/${partition}/${offset}`,
    place: { topic, partition, offset },
    stage: letter.stage,
    code: letter.code,
    reason: letter.detail,
    attempt: letter.attempt,
    failedAt: letter.failedAt,
    origin: {
      topic: letter.topic,
      partition: letter.partition,
      offset: letter.offset,
      timestamp: letter.timestamp,
    },
    traceparent: headers[headerNames.traceparent] ?? null,
    redrives: redrivesOf(record),
    redriveOf: headers[headerNames.redriveOf] ?? null,
    keyId: letter.keyId,
    sealedBytes: letter.original.length,
  }
}

export const originOf = ({ origin: { topic, partition, offset } }: FoundDeadLetter) => `${topic}/${partition}/${offset}`

/** What the catalogue says of a code; a code of another version is one that a person has to look at. */
export const catalogueEntryOf = (code: string) =>
  failures[code as FailureCode] ?? {
    redrive: 'after_fix' as const,
    help: 'This version does not know the code; look it up in the version that wrote it.',
  }
