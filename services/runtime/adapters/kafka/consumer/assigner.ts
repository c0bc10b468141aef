/**
 * Partitions to members of a group by their number alone, so that equal numbers of all topics are one member's. kafkajs's own
 * assigner counts through the topics, which does that only where the members divide the partitions.
 */
import kafkajs, { type PartitionAssigner } from 'kafkajs'

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol
const name = 'ByPartitionNumber'
const version = 0

/** Topic → partitions, for each member; members in one order, whoever asks. */
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
