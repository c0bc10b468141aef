/**
 * Assigns partitions to group members by partition number, so that one member has equal numbers of all topics. Both clients join with
 * this name and version, so that their members can share a group.
 */
export const assignorName = 'ByPartitionNumber'
export const assignorVersion = 0

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
