/** Opens a `Broker` with one of two clients. A client is imported at its first use. */
import type { Broker } from '../../ports.ts'
import { prefixedBroker } from '../prefix.ts'
import { Fence } from './membership.ts'
import { partitionOf } from './platformatic/wire/murmur2.ts'
import type { KafkaSettings } from './settings.ts'

const once = <T>(make: () => Promise<T>) => {
  let made: Promise<T> | undefined
  const get = () => {
    made ??= make()
    return made
  }
  return { get, made: () => made }
}

export const openBroker = (settings: KafkaSettings): Broker => {
  const fence = new Fence()
  const platformatic = once(async () => (await import('./platformatic/index.ts')).openPlatformatic(settings, fence))
  const kafkajs = once(async () => (await import('./kafkajs/index.ts')).openKafkajs(settings, fence))
  const chosen: () => Promise<Pick<Broker, 'producer' | 'consume'>> =
    settings.client === 'kafkajs' ? kafkajs.get : platformatic.get
  // The public interface of kafkajs cannot read without a group, nor get the offsets of several groups in one request.
  const all = platformatic.get
  const broker: Broker = {
    producer: async () => (await chosen()).producer(),
    consume: async (options) => (await chosen()).consume(options),
    follow: async (...args) => (await all()).follow(...args),
    read: async (...args) => (await all()).read(...args),
    offsetsAt: async (...args) => (await all()).offsetsAt(...args),
    // Both clients choose it alike.
    partitionOf,
    describe: async () => (await all()).describe(),
    listTopics: async () => (await all()).listTopics(),
    createTopics: async (...args) => (await all()).createTopics(...args),
    deleteTopics: async (...args) => (await all()).deleteTopics(...args),
    addPartitions: async (...args) => (await all()).addPartitions(...args),
    alterConfig: async (...args) => (await all()).alterConfig(...args),
    offsets: async (...args) => (await all()).offsets(...args),
    progress: async (...args) => (await all()).progress(...args),
    timestamps: async (...args) => (await all()).timestamps(...args),
    close: async () => (await platformatic.made())?.close(),
  }
  return settings.prefix === undefined ? broker : prefixedBroker(broker, settings.prefix)
}
