/** Producer over kafkajs. */
import kafkajs, { type Kafka, type Message } from 'kafkajs'
import type { Producer, ProducerRecord } from '../../../ports.ts'
import { toDependencyError } from '../errors.ts'
import { FencedSender } from '../fenced-sender.ts'
import type { Fence } from '../membership.ts'
import type { KafkaSettings } from '../settings.ts'

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

const { CompressionTypes } = kafkajs
const compressionTypes = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
} as const

/** @throws DependencyError */
export const openKafkajsProducer = async (
  kafka: Kafka,
  fence: Fence,
  { compression, prefix }: Pick<KafkaSettings, 'compression' | 'prefix'>,
): Promise<Producer> => {
  const producer = kafka.producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    // The batch loop retries too. Longer retries here would hide an outage from the health report.
    retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 },
  })
  try {
    await producer.connect()
  } catch (error) {
    throw toDependencyError(error)
  }
  return new FencedSender(
    (records) =>
      producer.sendBatch({
        acks: -1,
        compression: compressionTypes[compression ?? 'none'],
        topicMessages: toTopicMessages(records),
      }),
    () => producer.disconnect(),
    fence,
    prefix,
  )
}
