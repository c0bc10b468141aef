import { openRedis } from '../../services/runtime/adapters/redis.ts'
import { checkpointed } from '../../services/runtime/batch/checkpoints/checkpointed-stage.ts'
import { PartitionCheckpoints } from '../../services/runtime/batch/checkpoints/checkpoints.ts'
import { sharedRebuild } from '../../services/runtime/batch/checkpoints/shared-rebuild.ts'
import { createLog } from '../../services/runtime/log.ts'
import { DependencyError, type RedisCommands } from '../../services/runtime/ports.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { readStates } from '../../services/runtime/versioned-state/read-states.ts'
import { RebuildingStore } from '../../services/runtime/versioned-state/rebuilding-store.ts'
import { parts } from '../../services/runtime/versioned-state/store.ts'
import { touchesTopic } from '../../services/shared/conversations/record.ts'
import { RedisConversationStore } from '../../services/shared/conversations/store.ts'
import type { Message } from '../../services/shared/model/topic-values.ts'
import { topics } from '../../services/topology.ts'
import { attributionWorld } from '../support/attribution-world.ts'
import { eventually } from '../support/eventually.ts'
import { MemoryCluster } from '../support/memory-broker.ts'
import { MemoryRegistry } from '../support/memory-registry.ts'
import { RedisServer } from '../support/redis-servers.ts'

/** Attribution on a real Redis without persistence, with its state in a topic from which it can be rebuilt. */
const opened: RedisCommands[] = []
const world = async (server: RedisServer) => {
  const cluster = new MemoryCluster()
  const broker = cluster.open()
  await broker.createTopics([{ name: topics.touches.name, partitions: 6, config: {} }])
  const codec = await Codec.open(new MemoryRegistry())
  const producer = await broker.producer()
  const redis = openRedis(server.url)
  opened.push(redis)
  const shares: number[] = []
  const rebuilds: number[] = []
  const tools = {
    broker,
    codec,
    log: createLog('test', 'fatal'),
    onProgress: (share: number) => shares.push(share),
    signal: new AbortController().signal,
  }
  const store = new RebuildingStore({
    store: new RedisConversationStore(redis, 600),
    readTopic: (onBatch, since) => readStates(touchesTopic, tools, onBatch, since),
    disconnects: () => redis.disconnects,
    now: () => Date.now(),
    onState: (parts) => {
      if (parts !== null) rebuilds.push(parts)
    },
  })
  const partitionTopics = ['messages.v1', 'messages.attribution.later-1s.v1', 'messages.attribution.later-5s.v1']
  const checkpoints = new PartitionCheckpoints({
    ...{ redis, name: 'attribution', topics: partitionTopics, tags: parts },
    committed: async () => new Map([[0, partitionTopics.map((topic) => made.nextOffsets.get(topic) ?? 0n)]]),
  })
  const rebuild = sharedRebuild(redis, (since) => store.rebuildSince(since))
  const checkpointing = { redis, checkpointsOf: () => checkpoints, writes: 'save', rebuild } as const
  const made: Awaited<ReturnType<typeof attributionWorld>> = await attributionWorld(
    {},
    { store, wrap: (stage) => checkpointed(stage, checkpointing) as never },
  )
  let published = 0
  const run = async (...batch: Message[]) => {
    await made.run(...batch)
    await producer.send(
      made.touches.slice(published).map((value) => ({
        topic: topics.touches.name,
        key: value.conversation,
        value: codec.encode('touches', value),
      })),
    )
    published = made.touches.length
  }
  return { ...made, attributed: made.attributed, run, store, shares, rebuilds, redis }
}

const people = Array.from({ length: 40 }, (_, n) => n.toString(16).padStart(2, '0').repeat(16))
const batches = 6
/** What the people write: each a first message with a link, then more; every third comes by a second ad on the way. */
const story = (messageAt: Awaited<ReturnType<typeof attributionWorld>>['messageAt']): Message[][] =>
  Array.from({ length: batches }, (_, step) =>
    people.flatMap((conversation, person) => {
      const message = `${step.toString(16)}${conversation}`.slice(0, 32)
      if (step === 3 && person % 3 === 0)
        return [messageAt(step * 1_000, { conversation, message, kind: 'referral', referral: { adId: `${person}9` } })]
      const text = step === 0 ? `https://x.example/?ttclid=T${person}` : 'hola'
      return [messageAt(step * 1_000, { conversation, message, text })]
    }),
  )
const decisions = ({ attributed }: Pick<Awaited<ReturnType<typeof world>>, 'attributed'>) =>
  attributed.map(({ message, trackingId, startsConversation }) => [message.message, trackingId, startsConversation])

describe('attribution whose Redis loses its data', () => {
  let server: RedisServer
  let other: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
    other = await RedisServer.start()
  })
  afterAll(async () => {
    for (const redis of opened) await redis.close()
    await Promise.all([server, other].map((one) => one?.stop()))
  })

  it.each<[string, (server: RedisServer) => Promise<unknown>]>([
    ['FLUSHALL', (one) => one.command('FLUSHALL')],
    [
      'a restart without persistence',
      async (one) => {
        await one.kill()
        await one.start()
      },
    ],
  ])('decides as if nothing had happened, after %s between any two batches', async (_name, lose) => {
    await Promise.all([server, other].map((one) => one.command('FLUSHALL')))
    const [undisturbed, disturbed] = [await world(other), await world(server)]
    for (const [step, batch] of story(undisturbed.messageAt).entries()) {
      await undisturbed.run(...batch)
      await lose(server)
      // Retry while a dependency is unavailable, as the loop does.
      for (;;) {
        try {
          await disturbed.run(...(story(disturbed.messageAt)[step] as Message[]))
          break
        } catch (error) {
          if (!(error instanceof DependencyError)) throw error
        }
      }
    }
    expect(decisions(disturbed)).toEqual(decisions(undisturbed))
    expect(disturbed.rebuilds).toEqual(Array(batches).fill(16))
    expect(disturbed.shares.at(-1)).toBe(1)
    expect(undisturbed.rebuilds).toEqual([16])
  })

  const lastStep = batches - 1
  const persistent = ['--appendonly', 'yes', '--appendfsync', 'everysec']

  /** Runs the story; `lose` is called before the last batch, `keep` three batches before. */
  const disturbedBy = async (one: RedisServer, keep: () => Promise<unknown>, lose: () => Promise<unknown>) => {
    await other.command('FLUSHALL')
    const [undisturbed, disturbed] = [await world(other), await world(one)]
    for (const [step, batch] of story(undisturbed.messageAt).entries()) {
      if (step === 3) await keep()
      if (step === lastStep) await lose()
      await undisturbed.run(...batch)
      for (;;) {
        try {
          await disturbed.run(...(story(disturbed.messageAt)[step] as Message[]))
          break
        } catch (error) {
          if (!(error instanceof DependencyError)) throw error
        }
      }
    }
    expect(decisions(disturbed)).toEqual(decisions(undisturbed))
    return disturbed
  }

  it('decides as if nothing had happened, after an older snapshot was restored', async () => {
    await server.command('FLUSHALL')
    const { rebuilds } = await disturbedBy(
      server,
      () => server.save(),
      async () => {
        await server.kill()
        await server.start()
      },
    )
    expect(rebuilds).toEqual([16, 16])
  })

  it('decides as if nothing had happened, with an append-only file that lacks its last second', async () => {
    const one = await RedisServer.start(...persistent)
    try {
      const { rebuilds } = await disturbedBy(
        one,
        () => one.keepAppended(),
        async () => {
          await one.kill()
          one.restoreAppended()
          await one.start()
        },
      )
      expect(rebuilds).toEqual([16, 16])
    } finally {
      await one.stop()
    }
  })

  it('decides as if nothing had happened, after a replica that lagged took over', async () => {
    const [primary, replica] = [await RedisServer.start(), await RedisServer.start()]
    try {
      const { rebuilds } = await disturbedBy(
        primary,
        async () => {
          await replica.command('REPLICAOF', '127.0.0.1', primary.port)
          await eventually('the replica has its data', async () => {
            const info = String(await replica.command('INFO', 'replication'))
            return info.includes('master_link_status:up')
          })
          // From now on it lags: it keeps what it has, and gets no more.
          await replica.command('REPLICAOF', 'NO', 'ONE')
        },
        async () => {
          // The primary's address leads to the replica's data.
          await primary.kill()
          await primary.start()
          await primary.command('REPLICAOF', '127.0.0.1', replica.port)
          await eventually('the new primary has the data', async () => {
            const info = String(await primary.command('INFO', 'replication'))
            return info.includes('master_link_status:up')
          })
          await primary.command('REPLICAOF', 'NO', 'ONE')
        },
      )
      expect(rebuilds).toEqual([16, 16])
    } finally {
      await Promise.all([primary.stop(), replica.stop()])
    }
  })

  it('decides nothing while Redis is away', async () => {
    const { run, messageAt, attributed } = await world(server)
    await server.kill()
    await expect(run(messageAt(0))).rejects.toThrow(DependencyError)
    expect(attributed).toEqual([])
    await server.start()
  })
})
