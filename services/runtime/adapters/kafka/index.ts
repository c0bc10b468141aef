/** Broker over kafkajs 2.2. No other folder imports kafkajs. */
import type { Broker } from '../../ports.ts'
import { KafkajsAdmin } from './admin/admin.ts'
import { describe } from './admin/describe.ts'
import { LastingCluster } from './admin/lasting-cluster.ts'
import { progress } from './admin/progress.ts'
import { timestamps } from './admin/timestamps.ts'
import { createClient } from './client.ts'
import { consume } from './consumer/consumer.ts'
import { follow } from './consumer/follow.ts'
import { openProducer } from './producer.ts'
import { read } from './read-ranges.ts'

/** @param clientId names this process in the broker's logs and quotas */
export const openBroker = (brokers: readonly string[], clientId: string): Broker => {
  const kafka = createClient(brokers, clientId)
  const admin = new KafkajsAdmin(kafka)
  const cluster = new LastingCluster(kafka)
  return {
    producer: () => openProducer(kafka),
    consume: (options) => consume(kafka, options),
    follow: (topics, onRecord, onProgress) => follow(kafka, topics, onRecord, onProgress),
    read: (topic, ranges, onRecords) => read(cluster, topic, ranges, onRecords),
    offsetsAt: (topic, time) => admin.offsetsAt(topic, time),
    describe: () => describe(cluster),
    listTopics: () => admin.listTopics(),
    createTopics: (topics) => admin.createTopics(topics),
    addPartitions: (topic, total) => admin.addPartitions(topic, total),
    alterConfig: (topic, config) => admin.alterConfig(topic, config),
    offsets: (group, topic) => admin.offsets(group, topic),
    progress: (groups) => progress(cluster, groups),
    timestamps: (topic, positions) => timestamps(cluster, topic, positions),
    close: async () => {
      await Promise.all([admin.close(), cluster.close()])
    },
  }
}
