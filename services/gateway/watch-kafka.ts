/** Looks whether Kafka answers also while no delivery comes: what a delivery meets, the intake tells at once. */
import type { KafkaConnectivity } from '../runtime/health/kafka-connectivity.ts'
import { type Broker, DependencyError } from '../runtime/ports.ts'
import { topics } from '../topology.ts'

/** As often as the stages look. */
const pollIntervalMs = 5_000
/** Commits nothing: only the ends of the topic are wanted. */
const place = { group: 'signals-gateway', topic: topics.channelEvents.name }

/** @returns how to stop it */
export const watchKafka = (
  broker: Pick<Broker, 'progress'>,
  kafka: KafkaConnectivity,
  everyMs = pollIntervalMs,
): (() => void) => {
  let looking = false
  const look = async () => {
    // One that hangs is not joined by others.
    if (looking) return
    looking = true
    try {
      await broker.progress([place])
      kafka.answered()
    } catch (error) {
      if (!(error instanceof DependencyError)) throw error
      kafka.failed(error)
    } finally {
      looking = false
    }
  }
  const timer = setInterval(() => void look(), everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
