/**
 * Partitions to members of a group by their number alone, so that equal numbers of all topics are one member's. Members of both
 * clients join with this name and version, so that they can share a group.
 */
export const assignorName = 'ByPartitionNumber'
export const assignorVersion = 0

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
