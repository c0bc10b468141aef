/**
 * Requests of a group member. The `Consumer` of platformatic is not used: at a rebalance it rejoins before batches finish, and it
 * repeats a rejected commit in the new generation. Here the caller decides when to rejoin, and each commit has the generation of its
 * batch.
 */
import {
  decodeConsumerProtocolAssignment,
  decodeConsumerProtocolSubscription,
  encodeConsumerProtocolAssignment,
  encodeConsumerProtocolSubscription,
} from '@platformatic/kafka'
import type { MembershipTimes } from '../../../../membership-times.ts'
import type { ConsumerOptions } from '../../../../ports.ts'
import { assignByNumber, assignorName, assignorVersion } from '../../assignment.ts'
import { protocolErrorsOf } from '../../errors.ts'
import { membershipTimes } from '../../membership.ts'
import type { Cluster, Pool } from '../wire/cluster.ts'

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** The member's part in one generation of the group. */
export interface Generation {
  readonly id: number
  readonly memberId: string
  readonly partitions: readonly TopicPartition[]
  /** Partitions of each topic of the group, if this member is the leader; otherwise null. */
  readonly assigned: ReadonlyMap<string, number> | null
}

export interface CommitPlace extends TopicPartition {
  /** Offset of the next record to read. */
  readonly offset: bigint
}

/** State of the member, as a response of the coordinator shows it. `replaced`: another process has its instance id. */
export type Standing = 'rebalancing' | 'lost' | 'replaced'

interface JoinResponse {
  readonly generationId: number
  readonly protocolName: string | null
  readonly leader: string
  readonly memberId: string
  readonly skipAssignment: boolean
  readonly members: readonly { readonly memberId: string; readonly metadata: Buffer }[]
}

const protocolType = 'consumer'

/** null when the error is not about membership. */
export const standingOf = (error: unknown): Standing | null => {
  const kinds = protocolErrorsOf(error)
  if (kinds.has('FENCED_INSTANCE_ID')) return 'replaced'
  if (kinds.has('UNKNOWN_MEMBER_ID') || kinds.has('ILLEGAL_GENERATION')) return 'lost'
  return kinds.has('REBALANCE_IN_PROGRESS') ? 'rebalancing' : null
}

export class GroupMember {
  readonly #cluster: Cluster
  readonly #name: string
  readonly #topics: readonly string[]
  /** null for a dynamic member */
  readonly #instanceId: string | null
  readonly #times: MembershipTimes
  readonly #control: Pool
  /** Connections of a join in progress. */
  #joining: Pool | undefined
  #memberId = ''

  constructor(cluster: Cluster, { group, topics, instanceId, times }: ConsumerOptions) {
    this.#cluster = cluster
    this.#name = group
    this.#topics = topics
    this.#instanceId = instanceId ?? null
    this.#times = times ?? membershipTimes
    // A slower heartbeat is too late for the session.
    this.#control = cluster.pool(this.#times.sessionMs)
  }

  /** Waits for the other members. @throws an error of platformatic */
  async join(): Promise<Generation> {
    // The coordinator answers when all members have joined or the rebalance times out.
    const pool = this.#cluster.pool(this.#times.rebalanceMs + this.#times.sessionMs)
    this.#joining = pool
    try {
      const joined = await this.#joinOnce(pool)
      this.#memberId = joined.memberId
      const isLeader = joined.leader === joined.memberId
      const counts = isLeader ? await this.#countPartitions(joined) : null
      const assignments = counts === null || joined.skipAssignment ? [] : assignmentsFor(joined, counts)
      const response = await this.#call<{ assignment: Buffer }>(
        'SyncGroup',
        [joined.generationId, joined.memberId, this.#instanceId, protocolType, joined.protocolName, assignments],
        pool,
      )
      const { assignedPartitions } =
        response.assignment.length > 0
          ? decodeConsumerProtocolAssignment(response.assignment)
          : { assignedPartitions: [] }
      return {
        id: joined.generationId,
        memberId: joined.memberId,
        partitions: assignedPartitions.flatMap(({ topic, partitions }) =>
          partitions.map((partition) => ({ topic, partition })),
        ),
        assigned: counts,
      }
    } finally {
      this.#joining = undefined
      await pool.close()
    }
  }

  /** Cancels a join in progress. */
  abandonJoin(): void {
    void this.#joining?.close()
  }

  async #joinOnce(pool: Pool): Promise<JoinResponse> {
    const metadata = encodeConsumerProtocolSubscription({ version: assignorVersion, topics: [...this.#topics] })
    const protocols = [{ name: assignorName, metadata }]
    const { sessionMs, rebalanceMs } = this.#times
    const ask = () =>
      this.#call<JoinResponse>(
        'JoinGroup',
        [sessionMs, rebalanceMs, this.#memberId, this.#instanceId, protocolType, protocols, null],
        pool,
      )
    try {
      return await ask()
    } catch (error) {
      // The coordinator assigns an id to a new member, which must repeat the request with it.
      const given = (error as { response?: { memberId?: string } }).response?.memberId
      if (!protocolErrorsOf(error).has('MEMBER_ID_REQUIRED') || !given) throw error
      this.#memberId = given
      return ask()
    }
  }

  async #countPartitions({ members }: JoinResponse): Promise<ReadonlyMap<string, number>> {
    const topics = new Set(members.flatMap(({ metadata }) => decodeConsumerProtocolSubscription(metadata).topics))
    return this.partitionCounts([...topics])
  }

  /** Refreshes the metadata first. */
  async partitionCounts(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const metadata = await this.#cluster.metadata(topics, true)
    return new Map(topics.map((topic) => [topic, metadata.topics.get(topic)?.partitionsCount ?? 0]))
  }

  /** @throws an error of platformatic: see `standingOf` */
  async heartbeat({ id, memberId }: Generation): Promise<void> {
    await this.#call('Heartbeat', [id, memberId, this.#instanceId])
  }

  /** The coordinator rejects it after the generation. @throws an error of platformatic: see `standingOf` */
  async commit({ id, memberId }: Generation, places: readonly CommitPlace[]): Promise<void> {
    const topics = Array.from(
      Map.groupBy(places, ({ topic }) => topic),
      ([name, ofTopic]) => ({
        name,
        partitions: ofTopic.map(({ partition, offset }) => ({
          partitionIndex: partition,
          committedOffset: offset,
          committedLeaderEpoch: -1,
          committedMetadata: null,
        })),
      }),
    )
    await this.#call('OffsetCommit', [id, memberId, this.#instanceId, topics])
  }

  /** A static member sends nothing: the coordinator keeps its partitions until the session ends. */
  async leave(): Promise<void> {
    const memberId = this.#memberId
    this.#memberId = ''
    if (memberId === '' || this.#instanceId !== null) return
    await this.#call('LeaveGroup', [[{ memberId, groupInstanceId: null, reason: null }]])
  }

  close(): Promise<void> {
    return this.#control.close()
  }

  async #call<Response>(name: Parameters<Cluster['call']>[1], args: readonly unknown[], pool: Pool = this.#control) {
    try {
      const nodeId = await this.#cluster.coordinator(this.#name)
      return await this.#cluster.call<Response>(nodeId, name, [this.#name, ...args], pool)
    } catch (error) {
      const kinds = protocolErrorsOf(error)
      // The next join is of a new member.
      if (kinds.has('UNKNOWN_MEMBER_ID')) this.#memberId = ''
      else if (standingOf(error) === null && !kinds.has('MEMBER_ID_REQUIRED')) this.#cluster.forget(error, this.#name)
      throw error
    }
  }
}

const assignmentsFor = ({ members }: JoinResponse, counts: ReadonlyMap<string, number>) => {
  const partitions = new Map(
    Array.from(counts, ([topic, count]) => [topic, Array.from({ length: count }, (_, number) => number)]),
  )
  const assigned = assignByNumber(
    members.map(({ memberId }) => memberId),
    partitions,
  )
  return Array.from(assigned, ([memberId, ofMember]) => ({
    memberId,
    assignment: encodeConsumerProtocolAssignment({
      version: assignorVersion,
      assignedPartitions: Object.entries(ofMember).map(([topic, numbers]) => ({ topic, partitions: numbers })),
    }),
  }))
}
