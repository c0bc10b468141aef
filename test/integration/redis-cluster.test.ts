import { openRedis } from '../../services/runtime/adapters/redis.ts'
import { forgetCheckpoints } from '../../services/runtime/batch/checkpoints/forget.ts'
import { DependencyError, type RedisCommands } from '../../services/runtime/ports.ts'
import { hashTags } from '../../services/runtime/time-buckets/bucket-calls.ts'
import { RedisHourBuckets } from '../../services/runtime/time-buckets/hour-buckets.ts'
import { RebuildingStore } from '../../services/runtime/versioned-state/rebuilding-store.ts'
import { parts, StateLost } from '../../services/runtime/versioned-state/store.ts'
import { emptyState } from '../../services/shared/conversations/state.ts'
import { RedisConversationStore } from '../../services/shared/conversations/store.ts'
import { noon } from '../support/builders.ts'
import { conversationStoreContract } from '../support/conversation-store.contract.ts'
import { eventually } from '../support/eventually.ts'
import { hourBucketsContract } from '../support/hour-buckets.contract.ts'
import { type RedisServer, startCluster } from '../support/redis-servers.ts'

let cluster: Awaited<ReturnType<typeof startCluster>>
let redis: RedisCommands
let store: RedisConversationStore
let n = 0

/** While the nodes of the cluster connect, commands fail fast; callers retry. */
const retried = async <T>(work: () => Promise<T>): Promise<T> => {
  let result: T | undefined
  await eventually('the cluster answers', async () => {
    try {
      result = await work()
      return true
    } catch (error) {
      if (error instanceof DependencyError) return false
      throw error
    }
  })
  return result as T
}

beforeAll(async () => {
  cluster = await startCluster()
  redis = openRedis(cluster.url)
  store = new RedisConversationStore(redis, 600)
  await retried(() => store.begin(parts, 'first'))
  await store.complete(parts, 'first')
})
afterAll(async () => {
  await redis?.close()
  await cluster?.stop()
})

conversationStoreContract('Redis Cluster', () => store)

hourBucketsContract(
  'Redis Cluster',
  async (options) => new RedisHourBuckets(redis, { prefix: `it-${n++}`, ttlSeconds: 60, ...options }),
)

describe('a cluster of three nodes', () => {
  const ids = Array.from({ length: 64 }, (_, at) =>
    ((at % 16) * 256 + at).toString(16).padStart(3, '0').padEnd(32, '5'),
  )
  const entries = ids.map((conversation, at) => ({
    conversation,
    state: { ...emptyState, startedBy: 'ab'.repeat(6), startedAt: noon + at, version: 1 },
    basedOn: 0,
  }))
  const states = entries.map(({ state }) => state)

  it('shares conversations and hour buckets', async () => {
    await store.write(entries)
    const buckets = new RedisHourBuckets(redis, { prefix: 'shared', ttlSeconds: 60 })
    const claims = ids.map((id) => ({ at: noon, hash: Buffer.from(id.slice(-16), 'hex'), value: Buffer.from('me') }))
    await buckets.claim(
      claims.map((claim, at) => ({ ...claim, hash: Buffer.concat([claim.hash.subarray(0, 7), Buffer.from([at])]) })),
    )
    for (const node of cluster.nodes) expect(await node.command('DBSIZE')).toBeGreaterThan(10)
    expect(await store.read(ids)).toEqual(states)
    expect(await buckets.clear()).toBe(ids.length)
  })

  it('forgets the checkpoints of every node', async () => {
    const keys = [...hashTags, ...parts].map((tag) => `{${tag}}checkpoint:ingest:0`)
    await redis.setMany(keys.map((key) => ({ key, value: Buffer.from('1 a 7'), ttlSeconds: 60 })))
    await forgetCheckpoints(redis, [...hashTags, ...parts])
    expect(await redis.getMany(keys)).toEqual(keys.map(() => null))
    expect(await store.read(ids)).toEqual(states)
  })

  it('loses the data of a node, detects it, and rebuilds it', async () => {
    const node = cluster.nodes[1] as RedisServer
    await node.kill()
    await expect(store.read(ids)).rejects.toThrow(DependencyError)
    await node.start()
    const lost = await retried(() => store.lost())
    expect(lost.length).toBeGreaterThan(0)
    expect(lost.length).toBeLessThan(parts.length)
    await expect(store.read(ids)).rejects.toThrow(StateLost)
    const kept = ids.filter((id) => !lost.includes(id[0] as string))
    expect(await store.read(kept)).toEqual(states.filter((_, at) => kept.includes(ids[at] as string)))

    let rebuilds = 0
    const rebuilding = new RebuildingStore({
      store,
      now: () => Date.now(),
      disconnects: () => redis.disconnects,
      readTopic: async (onBatch) => {
        rebuilds++
        await onBatch(entries.map((entry) => ({ ...entry, changedAt: Date.now() })))
      },
    })
    // Batches of several partitions detect the loss at the same time.
    expect(await Promise.all([rebuilding.read(ids), rebuilding.read(ids)])).toEqual([states, states])
    expect(rebuilds).toBe(1)
    expect(await store.lost()).toEqual([])
  })

  it('is found by one of its nodes', async () => {
    const one = openRedis(`${(cluster.nodes[0] as RedisServer).url}?cluster=true`)
    try {
      await retried(() => one.ping())
      expect(await new RedisConversationStore(one, 600).read(ids)).toEqual(states)
    } finally {
      await one.close()
    }
  })

  it('is detected by a client for a single server, whose error names the remedy', async () => {
    const single = openRedis((cluster.nodes[0] as RedisServer).url)
    try {
      await expect(new RedisConversationStore(single, 600).read(ids)).rejects.toThrow(/cluster=true/)
    } finally {
      await single.close()
    }
  })
})
