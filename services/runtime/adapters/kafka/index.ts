/** Broker over kafkajs 2.2: the only folder that knows it. */
import type { Broker } from '../../ports.ts'
import { KafkajsAdmin } from './admin.ts'
import { createClient } from './client.ts'
import { LastingCluster } from './cluster.ts'
import { consume } from './consumer.ts'
import { describe } from './describe.ts'
import { follow } from './follow.ts'
import { openProducer } from './producer.ts'
import { progress } from './progress.ts'
import { read } from './read.ts'
import { timestamps } from './timestamps.ts'

/** @param clientId names this process in the broker's logs and quotas */
export const openBroker = (brokers: readonly string[], clientId: string): Broker => {
  const kafka = createClient(brokers, clientId)
  const admin = new KafkajsAdmin(kafka)
  const cluster = new LastingCluster(kafka)
  return {
    producer: () => openProducer(kafka),
    consume: (options) => consume(kafka, options),
    follow: (topics, onRecord, onProgress) => follow(kafka, topics, onRecord, onProgress),
    read: (topic, stretches, onRecords) => read(cluster, topic, stretches, onRecords),
    offsetsAt: (topic, time) => admin.offsetsAt(topic, time),
    describe: () => describe(cluster),
    listTopics: () => admin.listTopics(),
    createTopics: (topics) => admin.createTopics(topics),
    addPartitions: (topic, total) => admin.addPartitions(topic, total),
    alterConfig: (topic, config) => admin.alterConfig(topic, config),
    offsets: (group, topic) => admin.offsets(group, topic),
    progress: (places) => progress(cluster, places),
    timestamps: (topic, places) => timestamps(cluster, topic, places),
    close: async () => {
      await Promise.all([admin.close(), cluster.close()])
    },
  }
}
