/** Asks a cluster for its number of nodes and its protocol versions. */
import type { LastingCluster } from './lasting-cluster.ts'

/** API key and version of the requests that we need; the newest is from Kafka 2.4. */
const needed: readonly { readonly name: string; readonly key: number; readonly version: number }[] = [
  { name: 'Produce 7', key: 0, version: 7 },
  { name: 'Fetch 11', key: 1, version: 11 },
  { name: 'ListOffsets 3', key: 2, version: 3 },
  { name: 'OffsetCommit 5', key: 8, version: 5 },
  { name: 'OffsetFetch 4', key: 9, version: 4 },
  { name: 'JoinGroup 5', key: 11, version: 5 },
]

/** @throws DependencyError */
export const describe = (cluster: LastingCluster): Promise<{ nodes: number; lacking: readonly string[] }> =>
  cluster.run([], async (open) => {
    const { versions } = await open.findControllerBroker()
    const lacking = needed.filter(({ key, version }) => {
      const range = versions?.[key]
      return range !== undefined && (version < range.minVersion || version > range.maxVersion)
    })
    return { nodes: open.brokerPool.metadata?.brokers.length ?? 0, lacking: lacking.map(({ name }) => name) }
  })
