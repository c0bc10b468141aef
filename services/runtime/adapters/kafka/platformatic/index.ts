/** `Broker` over @platformatic/kafka. */
import type { Broker } from '../../../ports.ts'
import { toDependencyError } from '../errors.ts'
import type { Fence } from '../membership.ts'
import type { KafkaSettings } from '../settings.ts'
import { TopicAdmin } from './admin.ts'
import { consume } from './consumer/consumer.ts'
import { follow } from './follow.ts'
import { openProducer } from './producer.ts'
import { offsetsAt, progress } from './progress.ts'
import { read } from './read.ts'
import { timestamps } from './timestamps.ts'
import { Cluster } from './wire/cluster.ts'
import { partitionOf } from './wire/murmur2.ts'

export const openPlatformatic = (settings: KafkaSettings, fence: Fence): Broker => {
  const cluster = new Cluster(settings)
  const admin = new TopicAdmin(cluster)
  return {
    producer: () => understood(openProducer(cluster, fence)),
    consume: (options) => understood(consume(cluster, options, fence)),
    follow: (topics, onRecord, onProgress) => follow(cluster, topics, onRecord, onProgress),
    read: (topic, ranges, onRecords, filter) => read(cluster, topic, ranges, onRecords, filter),
    offsetsAt: (topic, time) => offsetsAt(cluster, topic, time),
    partitionOf,
    describe: () => admin.describe(),
    listTopics: () => admin.listTopics(),
    createTopics: (topics) => admin.createTopics(topics),
    deleteTopics: (topics) => admin.deleteTopics(topics),
    addPartitions: (topic, total) => admin.addPartitions(topic, total),
    alterConfig: (topic, config) => admin.alterConfig(topic, config),
    offsets: async (group, topic) => (await progress(cluster, [{ group, topic }]))[0] ?? [],
    progress: (places) => progress(cluster, places),
    timestamps: (topic, places) => timestamps(cluster, topic, places),
    close: async () => {
      await Promise.all([admin.close(), cluster.close()])
    },
  }
}

const understood = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    throw toDependencyError(error)
  })
