/** Requests about topics and the cluster. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka'
import type { TopicSettings } from '../../../ports.ts'
import { SettingRefused } from '../../../ports.ts'
import { protocolErrorsOf, toDependencyError } from '../errors.ts'
import { type Cluster, connectionOptions } from './wire/cluster.ts'

/** Requests and versions that we need; Kafka 2.4 has all of them. */
const needed: readonly { readonly name: string; readonly version: number }[] = [
  { name: 'Produce', version: 7 },
  { name: 'Fetch', version: 11 },
  { name: 'ListOffsets', version: 3 },
  { name: 'OffsetCommit', version: 5 },
  { name: 'OffsetFetch', version: 4 },
  { name: 'JoinGroup', version: 5 },
]

const createTimeoutMs = 10_000
const lookMs = 100
/** The default of the broker. */
const defaultReplication = -1

export class TopicAdmin {
  readonly #cluster: Cluster
  #admin: Admin | undefined
  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  async describe(): Promise<{ nodes: number; lacking: readonly string[] }> {
    return this.#run(async () => {
      const [{ brokers }, versions] = await Promise.all([this.#cluster.metadata([], true), this.#cluster.versions()])
      const lacking = needed.filter(({ name, version }) => {
        const range = versions.find((one) => one.name === name)
        return range !== undefined && (version < range.minVersion || version > range.maxVersion)
      })
      return { nodes: brokers.size, lacking: lacking.map(({ name, version }) => `${name} ${version}`) }
    })
  }

  async listTopics(): Promise<readonly TopicSettings[]> {
    return this.#run(async (admin) => {
      const { prefix = '' } = this.#cluster.settings
      // Others' topics behind other prefixes may not be described.
      const names = (await admin.listTopics()).filter((name) => !name.startsWith('__') && name.startsWith(prefix))
      if (names.length === 0) return []
      const [{ topics }, described] = await Promise.all([
        this.#cluster.metadata(names, true),
        admin.describeConfigs({
          resources: names.map((resourceName) => ({
            resourceType: ConfigResourceTypes.TOPIC,
            resourceName,
            configurationKeys: null,
          })),
        }),
      ])
      const configs = new Map(
        described.map(({ resourceName, configs }) => [
          resourceName,
          Object.fromEntries(configs.map(({ name, value }) => [name, value ?? ''])),
        ]),
      )
      return names.map((name) => ({
        name,
        partitions: topics.get(name)?.partitionsCount ?? 0,
        replication: topics.get(name)?.partitions[0]?.replicas.length ?? 0,
        config: configs.get(name) ?? {},
      }))
    })
  }

  /** Resolves when every partition has a leader. Existing topics stay unchanged. */
  async createTopics(topics: readonly TopicSettings[]): Promise<void> {
    if (topics.length === 0) return
    await this.#run(async () => {
      const wanted = topics.map(({ name, partitions, replication, config }) => ({
        name,
        numPartitions: partitions,
        replicationFactor: replication ?? defaultReplication,
        assignments: [],
        configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
      }))
      try {
        await this.#cluster.call(await this.#controller(), 'CreateTopics', [wanted, createTimeoutMs, false])
      } catch (error) {
        const others = [...protocolErrorsOf(error)].filter((kind) => kind !== 'TOPIC_ALREADY_EXISTS')
        if (others.length > 0 || protocolErrorsOf(error).size === 0) throw error
      }
      await this.#led(topics.map(({ name }) => name))
    })
  }

  /** Resolves when no broker lists them: a topic that is made again before would be the one that is going. */
  async deleteTopics(topics: readonly string[]): Promise<void> {
    await this.#run(async (admin) => {
      const named = new Set(topics)
      const left = async () => (await admin.listTopics()).filter((name) => named.has(name))
      const there = await left()
      if (there.length > 0) await admin.deleteTopics({ topics: there })
      for (const end = Date.now() + createTimeoutMs; (await left()).length > 0; await sleep(lookMs))
        if (Date.now() > end) throw new Error(`${there.join(', ')} is still there`)
    })
  }

  async addPartitions(topic: string, total: number): Promise<void> {
    await this.#run((admin) => admin.createPartitions({ topics: [{ name: topic, count: total }] }))
  }

  /** Sets the given entries and leaves the others. */
  async alterConfig(topic: string, config: Readonly<Record<string, string>>): Promise<void> {
    const configs = Object.entries(config).map(([name, value]) => ({
      name,
      value,
      configOperation: IncrementalAlterConfigOperationTypes.SET,
    }))
    await this.#run((admin) =>
      admin.incrementalAlterConfigs({
        resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configs }],
      }),
    )
  }

  async close(): Promise<void> {
    await this.#admin?.close()
  }

  async #controller(): Promise<number> {
    const { controllerId, brokers } = await this.#cluster.metadata([], true)
    return brokers.has(controllerId) ? controllerId : this.#cluster.anyNode()
  }

  async #led(topics: readonly string[]): Promise<void> {
    for (const end = Date.now() + createTimeoutMs; ; ) {
      try {
        await this.#cluster.metadata(topics, true)
        return
      } catch (error) {
        if (Date.now() > end) throw error
        await sleep(lookMs)
      }
    }
  }

  /** @throws DependencyError */
  async #run<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    try {
      this.#admin ??= openAdmin(this.#cluster)
      return await work(this.#admin)
    } catch (error) {
      const kinds = protocolErrorsOf(error)
      if (kinds.has('INVALID_CONFIG') || kinds.has('POLICY_VIOLATION'))
        throw new SettingRefused('kafka', `Kafka refuses a setting of a topic (${[...kinds].join(', ')})`, {
          cause: error,
        })
      throw toDependencyError(error)
    }
  }
}

const openAdmin = ({ settings }: Cluster): Admin => {
  const admin = new Admin({
    ...connectionOptions(settings),
    clientId: settings.clientId,
    bootstrapBrokers: [...settings.brokers],
    retries: 2,
    retryDelay: 200,
  })
  admin.connections.on('connecting', ({ connection }) => void connection.on('error', () => {}))
  return admin
}
