/**
 * A dead letter holds the whole original record (key, headers and value, sealed), its topic, partition and offset, and the failure.
 * None of its readable fields is personal data. The record is sealed in an envelope: the stage that writes it cannot open it again. It is
 * sealed to its connection where that is known, so that it becomes unreadable when the connection is disconnected.
 */

import { deadLetterTopic, quarantineTopic } from '../../derived-topics.ts'
import type { ConsumerStage } from '../../topology.ts'
import type { Envelopes } from '../keys/envelopes.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { ConsumedRecord, ProducerRecord } from '../ports.ts'
import type { Codec } from '../topics/codec.ts'
import type { Outcome } from './outcome.ts'
import { headerNames, receivedAtOf, redriveHeaders, traceHeaders } from './record-headers.ts'
import type { Input } from './stage.ts'

export interface SealingTools {
  readonly codec: Codec
  readonly keyring: Keyring
  readonly envelopes: Pick<Envelopes, 'seal'>
  /** The connection that a record is of; undefined: unknown. */
  connectionOf?(record: ConsumedRecord): string | undefined
}

/** Of the original record; the context under which it is sealed. */
export const positionOf = ({
  topic,
  partition,
  offset,
}: {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint | number
}): string => `${topic}/${partition}/${offset}`

export const deadLetterRecord = (
  stage: ConsumerStage,
  { record, attempt, traceparent }: Omit<Input<unknown>, 'value'>,
  { failure, items = [] }: Pick<Outcome & { kind: 'deadLettered' }, 'failure' | 'items'>,
  failedAt: number,
  { codec, keyring, envelopes, connectionOf }: SealingTools,
): ProducerRecord => {
  const position = positionOf(record)
  const original = codec.encodeOriginal({ key: record.key, headers: record.headers, value: record.value })
  const { keyId, value: sealed } = envelopes.seal(connectionOf?.(record) ?? null, original, position)
  return {
    topic: failure.code === 'quarantined' ? quarantineTopic : deadLetterTopic(stage),
    // A connector's own key may be a phone number. Its keyed hash keeps the order just as well.
    key: record.key === null ? null : keyring.recordKey('dead-letter', record.key),
    value: codec.encodeDeadLetter({
      stage,
      code: failure.code,
      detail: failure.detail,
      items,
      attempt,
      failedAt,
      topic: record.topic,
      partition: record.partition,
      offset: Number(record.offset),
      timestamp: record.timestamp,
      keyId,
      original: sealed,
    }),
    headers: {
      ...traceHeaders({ record, traceparent }),
      ...redriveHeaders(record),
      [headerNames.receivedAt]: String(receivedAtOf(record)),
      stage,
      code: failure.code,
      origin: position,
      attempt: String(attempt),
    },
  }
}
