/** One kafkajs client per process, quiet, and the translation of its errors. */
import kafkajs, { type Kafka } from 'kafkajs'
import { DependencyError } from '../../ports.ts'
import './request-queue.ts'

/** kafkajs logs rebalances and retries as errors; what matters comes out as events and exceptions. */
export const createClient = (brokers: readonly string[], clientId: string): Kafka =>
  new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 3_000,
    requestTimeout: 15_000,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 },
  })

/** kafkajs messages name topics, partitions and brokers only, never a record's content. */
export const toDependencyError = (error: unknown): DependencyError => {
  if (error instanceof DependencyError) return error
  const name = error instanceof Error ? error.name : 'unknown'
  // kafkajs wraps: the kind of trouble is often in the cause.
  const { type, cause } = (error ?? {}) as { type?: string; cause?: { name?: string } }
  // What has no kind says itself what it is: `Broker not connected`.
  const plain = name === 'Error' ? (error as Error).message : name
  const kind = [type ?? plain, cause?.name].filter(Boolean).join(', ')
  return new DependencyError(
    'kafka',
    type === 'UNKNOWN_TOPIC_OR_PARTITION'
      ? 'Kafka does not know a topic that is asked for: signals topics plan shows what is missing, apply makes it'
      : `Kafka does not answer as it should (${kind}); check KAFKA_BROKERS`,
    { cause: error },
  )
}
