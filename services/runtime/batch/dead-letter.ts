/**
 * A dead letter holds the whole original record (key, headers and value, sealed), its topic, partition and offset, and the failure.
 * None of its readable fields is personal data. A record that was unsealed in its topic is sealed here.
 */

import { deadLetterTopic } from '../../derived-topics.ts'
import { sourceKeyId } from '../../shared/model/channel-event.ts'
import type { ConsumerStage } from '../../topology.ts'
import type { Failure } from '../failures.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { ProducerRecord } from '../ports.ts'
import type { Codec } from '../topics/codec.ts'
import { headerNames, receivedAtOf, redriveHeaders, traceHeaders } from './record-headers.ts'
import type { Input } from './stage.ts'

/** Name of the sealing key, derived like that of a source; recorded in `keyId`. */
export const deadLetterKey = 'dead-letters'

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
  failure: Failure,
  failedAt: number,
  { codec, keyring }: { codec: Codec; keyring: Keyring },
): ProducerRecord => {
  const position = positionOf(record)
  const original = codec.encodeOriginal({ key: record.key, headers: record.headers, value: record.value })
  return {
    topic: deadLetterTopic(stage),
    // A connector's own key may be a phone number. Its keyed hash keeps the order just as well.
    key: record.key === null ? null : keyring.recordKey('dead-letter', record.key),
    value: codec.encodeDeadLetter({
      stage,
      code: failure.code,
      detail: failure.detail,
      attempt,
      failedAt,
      topic: record.topic,
      partition: record.partition,
      offset: Number(record.offset),
      timestamp: record.timestamp,
      keyId: sourceKeyId(deadLetterKey),
      original: keyring.sourceKey(deadLetterKey).seal(original, position),
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
