/**
 * Assigns partitions to group members by partition number, so that one member has equal numbers of all topics. The assigner of kafkajs
 * counts through the topics, which has this effect only if the number of members divides the number of partitions.
 */
import kafkajs, { type PartitionAssigner } from 'kafkajs'

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol
const name = 'ByPartitionNumber'
const version = 0

/** Topic → partitions, by member. Members are sorted, so that every member computes the same assignment. */
export const assignByNumber = (
  members: readonly string[],
  partitions: ReadonlyMap<string, readonly number[]>,
): Map<string, Record<string, number[]>> => {
  const sorted = [...members].sort()
  const assigned = new Map(sorted.map((member) => [member, {} as Record<string, number[]>]))
  for (const [topic, numbers] of partitions) {
    for (const number of numbers) {
      const own = assigned.get(sorted[number % sorted.length] as string) as Record<string, number[]>
      const list = own[topic] ?? []
      list.push(number)
      own[topic] = list
    }
  }
  return assigned
}

export const byPartitionNumber: PartitionAssigner = ({ cluster }) => ({
  name,
  version,
  assign: async ({ members, topics }) => {
    const partitions = new Map(
      topics.map((topic) => [
        topic,
        cluster.findTopicPartitionMetadata(topic).map(({ partitionId }: { partitionId: number }) => partitionId),
      ]),
    )
    const assigned = assignByNumber(
      members.map(({ memberId }) => memberId),
      partitions,
    )
    return Array.from(assigned, ([memberId, assignment]) => ({
      memberId,
      memberAssignment: MemberAssignment.encode({ version, assignment, userData: Buffer.alloc(0) }),
    }))
  },
  protocol: ({ topics }) => ({
    name,
    metadata: MemberMetadata.encode({ version, topics, userData: Buffer.alloc(0) }),
  }),
})
