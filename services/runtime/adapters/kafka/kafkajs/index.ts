/** Producer and consumer over the public interface of kafkajs. */
import type { Broker } from '../../../ports.ts'
import type { Fence } from '../membership.ts'
import type { KafkaSettings } from '../settings.ts'
import { createClient } from './client.ts'
import { consumeByKafkajs } from './consumer.ts'
import { openKafkajsProducer } from './producer.ts'

export const openKafkajs = (settings: KafkaSettings, fence: Fence): Pick<Broker, 'producer' | 'consume'> => {
  const kafka = createClient(settings)
  return {
    producer: () => openKafkajsProducer(kafka, fence, settings),
    consume: (options) => consumeByKafkajs(kafka, options, fence),
  }
}
