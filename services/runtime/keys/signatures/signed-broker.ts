/**
 * A broker that signs what it writes to signed topics, and passes on only what is signed. Every reader and writer of these topics uses
 * it, so none can forget to sign or to verify.
 */
import type { Broker, ConsumedRecord, ConsumerOptions, Producer, ProducerRecord } from '../../ports.ts'
import type { RecordJudge, RefusalReason } from './record-judge.ts'
import type { RecordKeys } from './record-keys.ts'
import { signatureHeader, signedRecord } from './signature.ts'
import { signingPurposeOf } from './signed-topics.ts'

export interface Signing {
  readonly keys: RecordKeys
  readonly judge: RecordJudge
  /** Id of the master key from which the key for new signatures derives. */
  activeKeyId(): string
}

/** A record that was not passed on. */
export interface Refusal {
  readonly record: ConsumedRecord
  readonly reason: RefusalReason
}

export interface SignedBrokerOptions {
  /** Called before the first record of a signed topic is read or written. null: no keys, so nothing is verified or signed. */
  signing(): Promise<Signing | null>
  onRefused(refusal: Refusal): void
}

/** This process was not given the key to sign with. */
class MayNotSign extends Error {
  override readonly name = 'MayNotSign'
}

const sign = (record: ProducerRecord, signing: Signing | null): ProducerRecord => {
  const purpose = signingPurposeOf(record.topic)
  if (purpose === undefined || record.headers?.[signatureHeader] !== undefined) return record
  const keyId = signing?.activeKeyId()
  const key = keyId === undefined ? null : (signing?.keys.private(purpose, keyId) ?? null)
  if (keyId === undefined || key === null)
    throw new MayNotSign(`the keys of this process do not sign ${record.topic}: set SIGNALS_MASTER_KEY`)
  return signedRecord(record, keyId, key)
}

const isSigned = ({ topic }: { readonly topic: string }) => signingPurposeOf(topic) !== undefined

export const signedBroker = (broker: Broker, { signing, onRefused }: SignedBrokerOptions): Broker => {
  const accepts =
    (tools: Signing | null) =>
    (record: ConsumedRecord): boolean => {
      const reason = tools?.judge.refusalOf(record) ?? null
      if (reason === null) return true
      if (reason !== 'superseded') onRefused({ record, reason })
      return false
    }
  /** Positions in the filtered batch as positions in the batch, which is what is committed. */
  const verified =
    (onBatch: ConsumerOptions['onBatch'], accept: (record: ConsumedRecord) => boolean): ConsumerOptions['onBatch'] =>
    async (batch) => {
      const records = batch.records.filter(accept)
      const result = await onBatch({ ...batch, records })
      const next = result && records[result.processed]
      return result && { ...result, processed: next ? batch.records.indexOf(next) : batch.records.length }
    }
  const signingProducer = (producer: Producer): Producer => ({
    send: async (records) => {
      if (!records.some(isSigned)) return producer.send(records)
      const tools = await signing()
      return producer.send(records.map((record) => sign(record, tools)))
    },
    close: () => producer.close(),
  })
  const overrides: Pick<Broker, 'producer' | 'consume' | 'follow' | 'read'> = {
    producer: async () => signingProducer(await broker.producer()),
    consume: async (options) => {
      if (!options.topics.some((topic) => isSigned({ topic }))) return broker.consume(options)
      return broker.consume({ ...options, onBatch: verified(options.onBatch, accepts(await signing())) })
    },
    follow: async (topics, onRecord, onProgress) => {
      if (!topics.some((topic) => isSigned({ topic }))) return broker.follow(topics, onRecord, onProgress)
      const accept = accepts(await signing())
      return broker.follow(topics, (record) => (accept(record) ? onRecord(record) : undefined), onProgress)
    },
    read: async (topic, ranges, onRecords, filter) => {
      if (!isSigned({ topic })) return broker.read(topic, ranges, onRecords, filter)
      const accept = accepts(await signing())
      return broker.read(topic, ranges, (records) => onRecords(records.filter(accept)), filter)
    },
  }
  // Methods of an adapter may be on its prototype.
  return new Proxy(broker, {
    get: (target, name) => {
      if (Object.hasOwn(overrides, name)) return overrides[name as keyof typeof overrides]
      const member = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
