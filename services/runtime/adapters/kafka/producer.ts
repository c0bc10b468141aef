/**
 * Producer over kafkajs. It adds two things: requests stay below the broker's size limit (an oversized one crashes kafkajs), and
 * concurrent calls share a request.
 */
import kafkajs, { type Kafka, type Producer as KafkaProducer, type Message } from 'kafkajs'
import { allTopics } from '../../../derived-topics.ts'
import { Coalescer } from '../../coalescer.ts'
import { type Producer, type ProducerRecord, RecordTooLarge } from '../../ports.ts'
import { toDependencyError } from './client.ts'

/** The broker's default of message.max.bytes, bytes; for topics without a limit of their own. */
const defaultLimit = 1_048_576
/** A record batch has a header of 61 bytes; a record has about 20 bytes besides key, value and headers. */
const batchOverhead = 1_024
const recordOverhead = 24

const limits = new Map(allTopics.map(({ name, maxMessageBytes }) => [name, maxMessageBytes ?? defaultLimit]))

const sizeOf = ({ key, value, headers }: ProducerRecord) => {
  let size = recordOverhead + (value?.length ?? 0) + (key === null ? 0 : Buffer.byteLength(key))
  for (const name in headers) size += name.length + Buffer.byteLength(headers[name] as string) + 4
  return size
}

interface Request {
  readonly records: ProducerRecord[]
  bytes: number
}

const maxBytes = defaultLimit - batchOverhead

/** Divides records, in order, into requests below the size limit. @throws RecordTooLarge */
const toRequests = (records: readonly ProducerRecord[]): readonly Request[] => {
  const requests: Request[] = []
  let request: Request | undefined
  records.forEach((record, index) => {
    const size = sizeOf(record)
    const limit = (limits.get(record.topic) ?? defaultLimit) - batchOverhead
    if (size > limit) throw new RecordTooLarge(index, size, limit)
    if (request === undefined || request.bytes + size > maxBytes) {
      request = { records: [], bytes: 0 }
      requests.push(request)
    }
    request.records.push(record)
    request.bytes += size
  })
  return requests
}

const toTopicMessages = (records: readonly ProducerRecord[]) => {
  const byTopic = new Map<string, Message[]>()
  for (const { topic, key, value, headers, partition } of records) {
    let messages = byTopic.get(topic)
    if (!messages) {
      messages = []
      byTopic.set(topic, messages)
    }
    const message: Message = { key, value }
    if (headers) message.headers = headers
    if (partition !== undefined) message.partition = partition
    messages.push(message)
  }
  return Array.from(byTopic, ([topic, messages]) => ({ topic, messages }))
}

class KafkajsProducer implements Producer {
  readonly #producer: KafkaProducer
  readonly #coalescer: Coalescer<ProducerRecord>
  constructor(producer: KafkaProducer) {
    this.#producer = producer
    const send = (records: readonly ProducerRecord[]) =>
      producer.sendBatch({ acks: -1, topicMessages: toTopicMessages(records) })
    this.#coalescer = new Coalescer(send, maxBytes)
  }

  async send(records: readonly ProducerRecord[]): Promise<void> {
    for (const request of toRequests(records)) {
      try {
        await this.#coalescer.call(request.records, request.bytes)
      } catch (error) {
        throw toDependencyError(error)
      }
    }
  }

  async close(): Promise<void> {
    await this.#producer.disconnect()
  }
}

export const openProducer = async (kafka: Kafka): Promise<Producer> => {
  const producer = kafka.producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    // The loop retries the whole batch. Long retries here would hide an outage from health.
    retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 },
  })
  try {
    await producer.connect()
  } catch (error) {
    throw toDependencyError(error)
  }
  return new KafkajsProducer(producer)
}
