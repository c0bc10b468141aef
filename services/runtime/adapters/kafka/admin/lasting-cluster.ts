/**
 * What kafkajs can do but does not offer: offsets of many groups and topics in a few requests, and a fetch of one record without
 * joining a group. It keeps its connections, so that a look costs milliseconds. kafkajs is pinned exactly; what is used of its
 * inside is written down here as types and looked for when it is opened.
 */
import type { Kafka } from 'kafkajs'
import { toDependencyError } from '../client.ts'

interface WireRequest<T> {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    encode(): unknown
  }
  readonly response: { decode(bytes: Buffer): Promise<T>; parse(value: T): Promise<T> }
}

interface KafkajsNode {
  /** By API key. */
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>> | null
  readonly connectionPool: { send<T>(request: WireRequest<T>): Promise<T> }
  offsetFetch(request: {
    groupId: string
    topics: { topic: string; partitions: { partition: number }[] }[]
  }): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>
}

interface KafkajsCluster {
  connect(): Promise<void>
  disconnect(): Promise<void>
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>
  refreshMetadata(): Promise<void>
  refreshMetadataIfNecessary(): Promise<void>
  findTopicPartitionMetadata(topic: string): readonly { partitionId: number; leader: number }[]
  findBroker(node: { nodeId: string }): Promise<KafkajsNode>
  findControllerBroker(): Promise<KafkajsNode>
  readonly brokerPool: { readonly metadata: { readonly brokers: readonly unknown[] } | null }
  findGroupCoordinator(group: { groupId: string }): Promise<KafkajsNode>
  fetchTopicsOffset(
    topics: { topic: string; partitions: { partition: number }[]; fromBeginning: boolean }[],
  ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>
}

export type { KafkajsCluster, KafkajsNode, WireRequest }

const makerName = 'private:Kafka:createCluster'

const newCluster = (kafka: Kafka): KafkajsCluster => {
  const maker = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === makerName)
  if (!maker) throw new Error(`this version of kafkajs has no ${makerName}`)
  const make = (kafka as unknown as Record<symbol, (options: object) => KafkajsCluster>)[maker]
  return (make as (options: object) => KafkajsCluster)({ metadataMaxAge: 60_000, allowAutoTopicCreation: false })
}

/** One connection that lasts; after trouble the next call opens another. */
export class LastingCluster {
  readonly #kafka: Kafka
  #open: Promise<KafkajsCluster> | undefined
  constructor(kafka: Kafka) {
    this.#kafka = kafka
  }

  /** @throws DependencyError */
  async run<T>(topics: readonly string[], work: (cluster: KafkajsCluster) => Promise<T>): Promise<T> {
    this.#open ??= (async () => {
      const cluster = newCluster(this.#kafka)
      await cluster.connect()
      return cluster
    })()
    const opened = this.#open
    try {
      const cluster = await opened
      await cluster.addMultipleTargetTopics(topics)
      await cluster.refreshMetadataIfNecessary()
      return await work(cluster)
    } catch (error) {
      if (this.#open === opened) {
        this.#open = undefined
        void opened.then((cluster) => cluster.disconnect()).catch(() => {})
      }
      throw toDependencyError(error)
    }
  }

  async close(): Promise<void> {
    const cluster = await this.#open?.catch(() => undefined)
    await cluster?.disconnect()
  }
}
