import { ruleStateRecordOf } from '../../../../services/keywords/rule-state/record.ts'
import { emptyRuleState } from '../../../../services/keywords/rule-state/state.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { touchesRecordOf } from '../../../../services/shared/conversations/record.ts'
import { emptyState } from '../../../../services/shared/conversations/state.ts'
import { eraseConversations } from '../../../../services/tools/persons/erase-conversations.ts'
import { topics } from '../../../../services/topology.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

const topic = topics.touches.name

const openTopic = async () => {
  const cluster = new MemoryCluster()
  const broker = cluster.open()
  const names = [topic, topics.ruleState.name]
  await broker.createTopics(names.map((name) => ({ name, partitions: 2, config: {} })))
  const codec = await Codec.open(new MemoryRegistry())
  const producer = await broker.producer()
  const inRedis: { conversation: string; version: number }[] = []
  const rulesInRedis: typeof inRedis = []
  const eraser = (into: typeof inRedis) => ({
    erase: async (entries: readonly (typeof inRedis)[number][]) => {
      into.push(...entries)
      return entries.length
    },
  })
  const tools = { broker, codec, producer, store: eraser(inRedis), ruleStates: eraser(rulesInRedis) }
  return {
    ...{ inRedis, rulesInRedis },
    writeRules: (conversation: string, connectionId: string, version = 1) => {
      const record = ruleStateRecordOf(conversation, { ...emptyRuleState, version }, connectionId)
      return producer.send([
        { topic: topics.ruleState.name, key: conversation, value: codec.encode('ruleState', record) },
      ])
    },
    rulesKept: () => {
      const last = new Map(cluster.records(topics.ruleState.name).map(({ key, value }) => [key, value]))
      return [...last].filter(([, value]) => value !== null).map(([key]) => key)
    },
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

  it('are erased with what rules have fired in them, also where only that is left', async () => {
    const world = await openTopic()
    await world.write('a', 'leaving')
    await world.writeRules('a', 'leaving', 3)
    await world.writeRules('b', 'leaving', 4)
    await world.writeRules('c', 'staying')
    expect((await world.erase('leaving')).map(({ conversation }) => conversation).sort()).toEqual(['a', 'b'])
    expect(world.rulesInRedis.sort((one, other) => one.version - other.version)).toEqual([
      { conversation: 'a', version: 3 },
      { conversation: 'b', version: 4 },
    ])
    expect(world.rulesKept()).toEqual(['c'])
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
