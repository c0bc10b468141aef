/**
 * Access to internals of kafkajs. It reads offsets of many groups and topics in a few requests, and one record without joining a
 * group. It keeps its connections open, so that a poll takes milliseconds. The version of kafkajs is pinned exactly. The types here list
 * the internals in use, and opening fails if they are missing.
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

const factoryName = 'private:Kafka:createCluster'

const newCluster = (kafka: Kafka): KafkajsCluster => {
  const factory = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === factoryName)
  if (!factory) throw new Error(`this version of kafkajs has no ${factoryName}`)
  const make = (kafka as unknown as Record<symbol, (options: object) => KafkajsCluster>)[factory]
  return (make as (options: object) => KafkajsCluster)({ metadataMaxAge: 60_000, allowAutoTopicCreation: false })
}

/** A connection that stays open; after an error the next call opens a new one. */
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
