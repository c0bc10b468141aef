import { consumerGroup, parkedGroup } from '../../../../services/consumer-groups.ts'
import { parkedTopic } from '../../../../services/derived-topics.ts'
import { notDrained } from '../../../../services/tools/topics/growth.ts'
import { applyTopics, planTopics } from '../../../../services/tools/topics/provision.ts'
import { topics } from '../../../../services/topology.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'

const placement = (partitions: number) => ({ replication: null, minInsync: null, partitions })

const withRecords = async () => {
  const cluster = new MemoryCluster()
  const broker = cluster.open()
  await applyTopics(broker, planTopics([]), placement(6))
  const producer = await broker.producer()
  const value = Buffer.from('x')
  await producer.send([
    { topic: topics.messages.name, key: 'a', value },
    { topic: topics.messages.name, key: 'a', value },
    { topic: parkedTopic, key: 'a', value },
  ])
  return { cluster, broker }
}

describe('more partitions', () => {
  it('name the groups that still have records, whose order would be lost', async () => {
    const { cluster, broker } = await withRecords()
    const changes = planTopics(await broker.listTopics(), undefined, placement(24))
    const group = consumerGroup('attribution')
    expect(await notDrained(broker, changes)).toEqual([{ group, topic: topics.messages.name, records: 2 }])
    const partition = broker.partitionOf('a', 6)
    cluster.committed.set(`${group}/${topics.messages.name}/${partition}`, 1n)
    expect(await notDrained(broker, changes)).toEqual([{ group, topic: topics.messages.name, records: 1 }])
    cluster.committed.set(`${group}/${topics.messages.name}/${partition}`, 2n)
    // Parked signals wait for an operator, who may take weeks.
    expect(await broker.offsets(parkedGroup, parkedTopic)).toContainEqual(expect.objectContaining({ high: 1n }))
    expect(await notDrained(broker, changes)).toEqual([])
  })

  it('are no question where no topic grows', async () => {
    const { broker } = await withRecords()
    expect(await notDrained(broker, planTopics(await broker.listTopics(), undefined, placement(6)))).toEqual([])
  })

  it('leave tables with their one partition', async () => {
    const { broker } = await withRecords()
    await applyTopics(broker, planTopics(await broker.listTopics(), undefined, placement(24)), placement(24))
    const partitions = new Map((await broker.listTopics()).map((one) => [one.name, one.partitions]))
    expect([topics.messages, topics.touches, topics.connections].map(({ name }) => partitions.get(name))).toEqual([
      24, 24, 1,
    ])
  })
})
