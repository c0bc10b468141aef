/** The kafkajs client of a process, with logging off, and the translation of its errors. */
import kafkajs, { type Kafka } from 'kafkajs'
import { DependencyError } from '../../ports.ts'
import './request-queue.ts'

/** Logging is off because kafkajs logs rebalances and retries as errors. What matters arrives as events and exceptions. */
export const createClient = (brokers: readonly string[], clientId: string): Kafka =>
  new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 3_000,
    requestTimeout: 15_000,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 },
  })

/** Messages of kafkajs name topics, partitions and brokers only, never the content of a record. */
export const toDependencyError = (error: unknown): DependencyError => {
  if (error instanceof DependencyError) return error
  const name = error instanceof Error ? error.name : 'unknown'
  // kafkajs wraps errors, so the kind of error is often in the cause.
  const { type, cause } = (error ?? {}) as { type?: string; cause?: { name?: string } }
  // Errors without a type have a useful message, such as `Broker not connected`.
  const plain = name === 'Error' ? (error as Error).message : name
  const kind = [type ?? plain, cause?.name].filter(Boolean).join(', ')
  return new DependencyError(
    'kafka',
    type === 'UNKNOWN_TOPIC_OR_PARTITION'
      ? 'Kafka does not have a requested topic: signals topics plan shows what is missing, apply creates it'
      : `Kafka does not answer as expected (${kind}); check KAFKA_BROKERS`,
    { cause: error },
  )
}
