/** Polls Kafka while idle, so that health notices an outage before the next webhook does. */
import type { KafkaConnectivity } from '../runtime/health/kafka-connectivity.ts'
import { type Broker, type Cancel, DependencyError, type Timers } from '../runtime/ports.ts'
import { topics } from '../topology.ts'

/** The stages poll as often. */
const pollIntervalMs = 5_000
/** The group never commits: the poll reads only the ends of the topic. */
const probedTopic = { group: 'signals-gateway', topic: topics.channelEvents.name }

/** @returns stops the polling */
export const watchKafka = (
  broker: Pick<Broker, 'progress'>,
  kafka: KafkaConnectivity,
  timers: Pick<Timers, 'every'>,
): Cancel => {
  let isPolling = false
  const poll = async () => {
    // A poll that hangs is not joined by others.
    if (isPolling) return
    isPolling = true
    try {
      await broker.progress([probedTopic])
      kafka.answered()
    } catch (error) {
      if (!(error instanceof DependencyError)) throw error
      kafka.failed(error)
    } finally {
      isPolling = false
    }
  }
  return timers.every(pollIntervalMs, () => void poll())
}
