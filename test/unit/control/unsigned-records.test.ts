import { RecentDeliveries } from '../../../services/control/status.ts'
import { Codec } from '../../../services/runtime/topics/codec.ts'
import { appendAudit, readAudit } from '../../../services/shared/audit/audit.ts'
import { readHistory } from '../../../services/shared/connections/history.ts'
import { readRuns } from '../../../services/tools/replay/run/run-store.ts'
import { topics } from '../../../services/topology.ts'
import { consumedRecord, deliveryOf, signal } from '../../support/builders.ts'
import { MemoryCluster } from '../../support/memory-broker.ts'
import { MemoryRegistry } from '../../support/memory-registry.ts'

const nonsense = Buffer.from('nonsense')

/** A topic with a record that no process of ours wrote. */
const open = async (topic: string) => {
  const broker = new MemoryCluster().open()
  await broker.createTopics([{ name: topic, partitions: 1, config: {} }])
  const [codec, producer] = [await Codec.open(new MemoryRegistry()), await broker.producer()]
  await producer.send([{ topic, key: 'x', value: nonsense }])
  return { broker, codec, producer }
}

describe('a record that does not decode hides no other', () => {
  it('in the audit trail', async () => {
    const { broker, codec, producer } = await open(topics.audit.name)
    const entry = { at: 1, actor: 'ana', via: 'cli', action: 'report', target: null, tenant: null } as const
    await appendAudit(producer, codec, { ...entry, outcome: 'allowed', note: null })
    expect(await readAudit(broker, codec, { limit: 10 })).toMatchObject([{ actor: 'ana' }])
  })

  it('in the history of connections, and among replays', async () => {
    const history = await open(topics.connectionHistory.name)
    expect(await readHistory(history.broker, history.codec, 'x')).toEqual([])
    const replays = await open(topics.replays.name)
    expect(await readRuns(replays.broker, replays.codec)).toEqual([])
  })

  it('among the last deliveries', async () => {
    const codec = await Codec.open(new MemoryRegistry())
    const recent = new RecentDeliveries(10)
    const value = codec.encode('deliveries', deliveryOf(signal()))
    await recent.addRecords([consumedRecord({ value: nonsense }), consumedRecord({ value })], codec)
    expect(recent.latest(2)).toHaveLength(1)
  })
})
