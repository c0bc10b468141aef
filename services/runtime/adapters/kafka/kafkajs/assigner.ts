/** Assignor for kafkajs, whose own assigner separates equal partition numbers. */
import kafkajs, { type PartitionAssigner } from 'kafkajs'
import { assignByNumber, assignorName, assignorVersion } from '../assignment.ts'

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol

export const byPartitionNumber: PartitionAssigner = ({ cluster }) => ({
  name: assignorName,
  version: assignorVersion,
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
      memberAssignment: MemberAssignment.encode({ version: assignorVersion, assignment, userData: Buffer.alloc(0) }),
    }))
  },
  protocol: ({ topics }) => ({
    name: assignorName,
    metadata: MemberMetadata.encode({ version: assignorVersion, topics, userData: Buffer.alloc(0) }),
  }),
})
