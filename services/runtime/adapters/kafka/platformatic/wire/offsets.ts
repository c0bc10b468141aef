/** Requests for committed offsets, and for offsets by time. */
import type { Cluster } from './cluster.ts'
import { retrying } from './retry.ts'

interface TopicPartitions {
  readonly name: string
  readonly partitionIndexes: readonly number[]
}

interface CommittedTopics {
  readonly groupId?: string
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly { readonly partitionIndex: number; readonly committedOffset: bigint }[]
  }[]
}

interface OffsetFetchResponse extends CommittedTopics {
  /** From version 8 on. */
  readonly groups: readonly CommittedTopics[]
}

export interface GroupPlaces {
  readonly group: string
  readonly topics: readonly TopicPartitions[]
}

/** Topic → partition → offset. */
export type Offsets = ReadonlyMap<string, ReadonlyMap<number, bigint>>

/** Special times of the protocol. */
export const beginning = -2n
export const end = -1n

const severalGroupsFrom = 8

const offsetsIn = ({ topics }: CommittedTopics): Offsets =>
  new Map(
    topics.map(({ name, partitions }) => [
      name,
      new Map(partitions.map(({ partitionIndex, committedOffset }) => [partitionIndex, committedOffset])),
    ]),
  )

/**
 * Committed offsets of groups; -1n without a commit. Sends one request to each coordinator.
 * @throws an error of platformatic
 */
export const committedOffsets = (cluster: Cluster, places: readonly GroupPlaces[]): Promise<readonly Offsets[]> =>
  retrying(
    cluster,
    () => askCommitted(cluster, places),
    places.map(({ group }) => group),
  )

const askCommitted = async (cluster: Cluster, places: readonly GroupPlaces[]): Promise<readonly Offsets[]> => {
  const found = new Map<string, Offsets>()
  const nodes = await Promise.all(
    places.map(async (place) => ({ place, nodeId: await cluster.coordinator(place.group) })),
  )
  const { version } = (await cluster.api('OffsetFetch')).api
  const ask = async (nodeId: number, some: readonly GroupPlaces[]) => {
    const groups = some.map(({ group, topics }) => ({ groupId: group, memberId: null, memberEpoch: -1, topics }))
    const response = await cluster.call<OffsetFetchResponse>(nodeId, 'OffsetFetch', [groups, false])
    if (version < severalGroupsFrom) found.set(some[0]?.group as string, offsetsIn(response))
    else for (const one of response.groups) found.set(one.groupId as string, offsetsIn(one))
  }
  const requests = Array.from(
    Map.groupBy(nodes, ({ nodeId }) => nodeId),
    ([nodeId, some]) => {
      const ofNode = some.map(({ place }) => place)
      return version >= severalGroupsFrom ? [ask(nodeId, ofNode)] : ofNode.map((place) => ask(nodeId, [place]))
    },
  )
  await Promise.all(requests.flat())
  return places.map(({ group }) => found.get(group) ?? new Map())
}

interface Place {
  readonly topic: string
  readonly partition: number
}

interface ListOffsetsResponse {
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly { readonly partitionIndex: number; readonly offset: bigint }[]
  }[]
}

/**
 * Offsets of the first records at or after a time; -1n if there is none. Sends one request to each leader.
 * @param time ms, `beginning` or `end`
 * @throws an error of platformatic
 */
export const offsetsAtTime = (cluster: Cluster, places: readonly Place[], time: bigint): Promise<Offsets> =>
  retrying(cluster, () => askOffsets(cluster, places, time))

const askOffsets = async (cluster: Cluster, places: readonly Place[], time: bigint): Promise<Offsets> => {
  const topics = [...new Set(places.map(({ topic }) => topic))]
  const metadata = await cluster.metadata(topics)
  const leaderOf = ({ topic, partition }: Place) => metadata.topics.get(topic)?.partitions[partition]?.leader ?? -1
  const found = new Map<string, Map<number, bigint>>(topics.map((topic) => [topic, new Map()]))
  const requests = Array.from(Map.groupBy(places, leaderOf), async ([leader, ofLeader]) => {
    const wanted = Array.from(
      Map.groupBy(ofLeader, ({ topic }) => topic),
      ([name, some]) => ({
        name,
        partitions: some.map(({ partition }) => ({
          partitionIndex: partition,
          currentLeaderEpoch: -1,
          timestamp: time,
        })),
      }),
    )
    const response = await cluster.call<ListOffsetsResponse>(leader, 'ListOffsets', [
      replicaNone,
      readUncommitted,
      wanted,
    ])
    for (const { name, partitions } of response.topics)
      for (const { partitionIndex, offset } of partitions) found.get(name)?.set(partitionIndex, offset)
  })
  await Promise.all(requests)
  return found
}

const replicaNone = -1
const readUncommitted = 0

/** All partitions of the topics. @throws DependencyError */
export const partitionsOf = async (cluster: Cluster, topics: readonly string[], fresh = false) => {
  const metadata = await cluster.metadata(topics, fresh)
  return topics.flatMap((topic) =>
    Array.from({ length: metadata.topics.get(topic)?.partitionsCount ?? 0 }, (_, partition) => ({ topic, partition })),
  )
}
