/** Administration of the broker: topics, settings, offsets. */
import kafkajs, { type Admin, type Kafka } from 'kafkajs'
import type { PartitionOffsets, TopicSettings } from '../../../ports.ts'
import { toDependencyError } from '../client.ts'

// kafkajs is CommonJS: Node finds only some of its named exports.
const { ConfigResourceTypes } = kafkajs

export class KafkajsAdmin {
  readonly #kafka: Kafka
  #admin: Promise<Admin> | undefined
  constructor(kafka: Kafka) {
    this.#kafka = kafka
  }

  async listTopics(): Promise<readonly TopicSettings[]> {
    return this.#run(async (admin) => {
      const { topics } = await admin.fetchTopicMetadata()
      const own = topics.filter(({ name }) => !name.startsWith('__'))
      if (own.length === 0) return []
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: own.map(({ name }) => ({ type: ConfigResourceTypes.TOPIC, name })),
      })
      const configs = new Map(
        resources.map(({ resourceName, configEntries }) => [
          resourceName,
          Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue])),
        ]),
      )
      return own.map(({ name, partitions }) => ({
        name,
        partitions: partitions.length,
        config: configs.get(name) ?? {},
      }))
    })
  }

  async createTopics(topics: readonly TopicSettings[]): Promise<void> {
    if (topics.length === 0) return
    await this.#run((admin) =>
      admin.createTopics({
        waitForLeaders: true,
        topics: topics.map(({ name, partitions, config }) => ({
          topic: name,
          numPartitions: partitions,
          configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
        })),
      }),
    )
  }

  async addPartitions(topic: string, total: number): Promise<void> {
    await this.#run((admin) => admin.createPartitions({ topicPartitions: [{ topic, count: total }] }))
  }

  /** Sets the given entries. The call of kafkajs replaces all entries, so the existing ones are sent too. */
  async alterConfig(topic: string, config: Readonly<Record<string, string>>): Promise<void> {
    await this.#run(async (admin) => {
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
      })
      const kept = (resources[0]?.configEntries ?? []).filter(
        ({ configSource }) => Number(configSource) === dynamicTopicConfig,
      )
      const entries = {
        ...Object.fromEntries(kept.map(({ configName, configValue }) => [configName, configValue])),
        ...config,
      }
      await admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: ConfigResourceTypes.TOPIC,
            name: topic,
            configEntries: Object.entries(entries).map(([name, value]) => ({ name, value })),
          },
        ],
      })
    })
  }

  async offsets(group: string, topic: string): Promise<readonly PartitionOffsets[]> {
    return this.#run(async (admin) => {
      const [ends, groups] = await Promise.all([
        admin.fetchTopicOffsets(topic),
        admin.fetchOffsets({ groupId: group, topics: [topic] }),
      ])
      const committed = new Map(
        groups.flatMap(({ partitions }) => partitions.map(({ partition, offset }) => [partition, BigInt(offset)])),
      )
      return ends
        .map(({ partition, low, high }) => {
          const at = committed.get(partition) ?? -1n
          return { partition, low: BigInt(low), high: BigInt(high), committed: at < 0n ? null : at }
        })
        .sort((a, b) => a.partition - b.partition)
    })
  }

  async offsetsAt(topic: string, time: number): Promise<ReadonlyMap<number, bigint>> {
    return this.#run(async (admin) => {
      const found = await admin.fetchTopicOffsetsByTimestamp(topic, time)
      return new Map(found.map(({ partition, offset }) => [partition, BigInt(offset)]))
    })
  }

  async close(): Promise<void> {
    const admin = await this.#admin?.catch(() => undefined)
    await admin?.disconnect()
  }

  async #run<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    this.#admin ??= (async () => {
      const admin = this.#kafka.admin()
      await admin.connect()
      return admin
    })()
    try {
      return await work(await this.#admin)
    } catch (error) {
      this.#admin = undefined
      throw toDependencyError(error)
    }
  }
}

/** Kafka's ConfigSource.DYNAMIC_TOPIC_CONFIG: an entry set on the topic itself, not inherited. */
const dynamicTopicConfig = 1
