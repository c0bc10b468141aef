/**
 * A dead letter keeps all of the record it stands for (key, headers and bytes, sealed) beside where it came from and why it
 * failed. Nothing in the clear of it is a person's: also a record that lay open in its topic is sealed here.
 */

import { deadLetterTopic } from '../../derived-topics.ts'
import { sourceKeyId } from '../../shared/model/channel-event.ts'
import type { ConsumerStage } from '../../topology.ts'
import type { Failure } from '../failures.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { ProducerRecord } from '../ports.ts'
import type { Codec } from '../topics/codec.ts'
import { carried, headerNames, receivedAtOf, redriveMarks } from './record-headers.ts'
import type { Input } from './stage.ts'

/** Derived like a source's key; its name in `keyId`. */
export const deadLetterKey = 'dead-letters'

export const deadLetterRecord = (
  stage: ConsumerStage,
  { record, attempt, traceparent }: Omit<Input<unknown>, 'value'>,
  failure: Failure,
  failedAt: number,
  { codec, keyring }: { codec: Codec; keyring: Keyring },
): ProducerRecord => {
  const place = `${record.topic}/${record.partition}/${record.offset}`
  const original = codec.encodeOriginal({ key: record.key, headers: record.headers, value: record.value })
  return {
    topic: deadLetterTopic(stage),
    // A connector's own key may be a phone number: what keeps order is its keyed hash.
    key: record.key === null ? null : keyring.pseudonym('record-key', record.key),
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
      original: keyring.sourceKey(deadLetterKey).seal(original, place),
    }),
    headers: {
      ...carried({ record, traceparent }),
      ...redriveMarks(record),
      [headerNames.receivedAt]: String(receivedAtOf(record)),
      stage,
      code: failure.code,
      origin: place,
      attempt: String(attempt),
    },
  }
}
