import { touchesRecordOf } from '../../../../services/attribution/state/record.ts'
import { emptyState } from '../../../../services/attribution/state/state.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { eraseConversations } from '../../../../services/tools/persons/erase-conversations.ts'
import { topics } from '../../../../services/topology.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

const topic = topics.touches.name

const openTopic = async () => {
  const cluster = new MemoryCluster()
  const broker = cluster.open()
  await broker.createTopics([{ name: topic, partitions: 2, config: {} }])
  const codec = await Codec.open(new MemoryRegistry())
  const producer = await broker.producer()
  const inRedis: { conversation: string; version: number }[] = []
  const tools = {
    ...{ broker, codec, producer },
    store: {
      erase: async (entries: typeof inRedis) => {
        inRedis.push(...entries)
        return entries.length
      },
    },
  }
  return {
    inRedis,
    write: (conversation: string, connectionId: string, version = 1) =>
      producer.send([
        {
          topic,
          key: conversation,
          value: codec.encode('touches', touchesRecordOf(conversation, { ...emptyState, version }, connectionId)),
        },
      ]),
    erase: (connectionId: string) => eraseConversations((touches) => touches.connectionId === connectionId, tools),
    /** Keys whose last record has a value. */
    kept: () => {
      const last = new Map(cluster.records(topic).map(({ key, value }) => [key, value]))
      return [...last].filter(([, value]) => value !== null).map(([key]) => key)
    },
    tombstones: () => cluster.records(topic).filter(({ value }) => value === null).length,
  }
}

describe('conversations', () => {
  it('are erased in Redis up to the version of their last record, and in the topic', async () => {
    const world = await openTopic()
    await world.write('a', 'leaving')
    await world.write('a', 'leaving', 2)
    await world.write('b', 'staying')
    await world.write('c', 'leaving', 7)
    expect((await world.erase('leaving')).map(({ conversation }) => conversation).sort()).toEqual(['a', 'c'])
    expect(world.inRedis.sort((one, other) => one.version - other.version)).toEqual([
      { conversation: 'a', version: 2 },
      { conversation: 'c', version: 7 },
    ])
    expect(world.kept()).toEqual(['b'])
  })

  it('are judged by their last record, and erased once', async () => {
    const world = await openTopic()
    await world.write('a', 'leaving')
    await world.write('a', 'new one', 2)
    await world.write('b', 'leaving')
    await world.erase('leaving')
    expect(await world.erase('leaving')).toEqual([])
    expect([world.kept(), world.tombstones()]).toEqual([['a'], 1])
  })
})
