/**
 * Producer over kafkajs, with what it lacks: requests cut below the broker's limit (an oversized one crashes kafkajs), and one
 * request for callers that arrive together.
 */
import kafkajs, { type Kafka, type Producer as KafkaProducer, type Message } from 'kafkajs'
import { allTopics } from '../../../derived-topics.ts'
import { Coalescer } from '../../coalescer.ts'
import { type Producer, type ProducerRecord, RecordTooLarge } from '../../ports.ts'
import { toDependencyError } from './client.ts'

/** The broker's default of message.max.bytes, which holds for every topic that declares none. */
const defaultLimit = 1_048_576
/** A record batch has 61 bytes of its own, a record about 20 besides key, value and headers. */
const batchOverhead = 1_024
const recordOverhead = 24

const limits = new Map(allTopics.map(({ name, maxMessageBytes }) => [name, maxMessageBytes ?? defaultLimit]))

const sizeOf = ({ key, value, headers }: ProducerRecord) => {
  let size = recordOverhead + (value?.length ?? 0) + (key === null ? 0 : Buffer.byteLength(key))
  for (const name in headers) size += name.length + Buffer.byteLength(headers[name] as string) + 4
  return size
}

interface Run {
  readonly records: ProducerRecord[]
  bytes: number
}

const mostBytes = defaultLimit - batchOverhead

/** Runs of records whose sum stays below every topic's limit, in order. @throws RecordTooLarge */
const cut = (records: readonly ProducerRecord[]): readonly Run[] => {
  const runs: Run[] = []
  let run: Run | undefined
  records.forEach((record, index) => {
    const size = sizeOf(record)
    const limit = (limits.get(record.topic) ?? defaultLimit) - batchOverhead
    if (size > limit) throw new RecordTooLarge(index, size, limit)
    if (run === undefined || run.bytes + size > mostBytes) {
      run = { records: [], bytes: 0 }
      runs.push(run)
    }
    run.records.push(record)
    run.bytes += size
  })
  return runs
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
  readonly #gather: Coalescer<ProducerRecord>
  constructor(producer: KafkaProducer) {
    this.#producer = producer
    const send = (records: readonly ProducerRecord[]) =>
      producer.sendBatch({ acks: -1, topicMessages: toTopicMessages(records) })
    this.#gather = new Coalescer(send, mostBytes)
  }

  async send(records: readonly ProducerRecord[]): Promise<void> {
    for (const run of cut(records)) {
      try {
        await this.#gather.call(run.records, run.bytes)
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
    // The loop above tries again with the whole batch: long retries in here would only hide the trouble from health.
    retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 },
  })
  try {
    await producer.connect()
  } catch (error) {
    throw toDependencyError(error)
  }
  return new KafkajsProducer(producer)
}
