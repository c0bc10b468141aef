import { MasterKeys } from '../../../../../services/runtime/keys/master-keys.ts'
import { RecordJudge } from '../../../../../services/runtime/keys/signatures/record-judge.ts'
import { RecordKeys } from '../../../../../services/runtime/keys/signatures/record-keys.ts'
import { type Refusal, signedBroker } from '../../../../../services/runtime/keys/signatures/signed-broker.ts'
import type { Broker, ConsumedRecord } from '../../../../../services/runtime/ports.ts'
import { readWhole } from '../../../../../services/runtime/topics/read-topic.ts'
import { topics } from '../../../../../services/topology.ts'
import { testKeyring } from '../../../../support/builders.ts'
import { eventually } from '../../../../support/eventually.ts'
import { MemoryCluster } from '../../../../support/memory-broker.ts'

const topic = topics.connectionRequests.name
const base64 = (byte: number) => Buffer.alloc(32, byte).toString('base64')

const open = async () => {
  await testKeyring()
  const cluster = new MemoryCluster()
  const unsigned = cluster.open()
  const names = [topic, topics.connectionHistory.name]
  await unsigned.createTopics(names.map((name) => ({ name, partitions: 1, config: {} })))
  const refused: Refusal[] = []
  const over = (masters: MasterKeys): Broker => {
    const keys = new RecordKeys(masters)
    const signing = { keys, judge: new RecordJudge(keys), activeKeyId: () => masters.ids[0] as string }
    return signedBroker(unsigned, { signing: async () => signing, onRefused: (one) => refused.push(one) })
  }
  const write = async (broker: Broker, key: string, value: string | null, name: string = topic) =>
    (await broker.producer()).send([{ topic: name, key, value: value === null ? null : Buffer.from(value) }])
  const copy = async (record: Partial<ConsumedRecord>) => {
    const [last] = cluster.records(topic).slice(-1)
    await (await unsigned.producer()).send([{ ...(last as ConsumedRecord), ...record }])
  }
  const read = async (broker: Broker) => {
    const found: string[] = []
    await readWhole(broker, topic, ({ key, value }) => void found.push(`${key}=${value}`))
    return found
  }
  const reasons = () => refused.map(({ reason }) => reason)
  return { cluster, unsigned, over, write, copy, read, refused, reasons }
}

describe('a signed topic', () => {
  it('passes on what was signed, a tombstone too, to every way of reading', async () => {
    const { over, write, read, unsigned, reasons } = await open()
    const broker = over(new MasterKeys(base64(1), []))
    await write(broker, 'a', 'one')
    await write(broker, 'b', null)
    await write(unsigned, 'c', 'forged')
    expect(await read(broker)).toEqual(['a=one', 'b=null'])
    const followed: (string | null)[] = []
    const following = await broker.follow([topic], ({ key }) => void followed.push(key))
    await following.stop()
    expect(followed).toEqual(['a', 'b'])
    const consumed: (string | null)[] = []
    const consumer = await broker.consume({
      group: 'g',
      topics: [topic],
      from: 'earliest',
      onBatch: async ({ records }) => {
        consumed.push(...records.map(({ key }) => key))
        return undefined
      },
    })
    await eventually('read', async () => consumed.length === 2)
    await consumer.stop()
    expect(reasons()).toEqual(['unsigned', 'unsigned', 'unsigned'])
  })

  it.each<[string, Partial<ConsumedRecord>]>([
    ['under another key of the topic', { key: 'victim' }],
    ['with another value', { value: Buffer.from('two') }],
    ['as a tombstone', { value: null }],
    ['with an empty signature', { headers: { signature: '' } }],
    ['with a signature of no key', { headers: { signature: `${'0'.repeat(16)}:AAAA` } }],
    ['with the name of a property for a key', { headers: { signature: 'constructor:AAAA' } }],
  ])('refuses a signed record copied %s', async (_name, change) => {
    const { over, write, copy, read, refused } = await open()
    const broker = over(new MasterKeys(base64(1), []))
    await write(broker, 'a', 'one')
    await copy(change)
    expect(await read(broker)).toEqual(['a=one'])
    expect(refused).toHaveLength(1)
  })

  it('refuses what another master key signed, and takes it while that key is configured', async () => {
    const { over, write, read, reasons } = await open()
    await write(over(new MasterKeys(base64(2), [])), 'a', 'one')
    expect(await read(over(new MasterKeys(base64(1), [])))).toEqual([])
    expect(reasons()).toEqual(['unknown_key'])
    expect(await read(over(new MasterKeys(base64(1), [base64(2)])))).toEqual(['a=one'])
  })

  it('commits by position in the whole batch, refused records included', async () => {
    const { over, write, unsigned, cluster } = await open()
    const broker = over(new MasterKeys(base64(1), []))
    for (const key of ['a', 'b', 'c']) {
      await write(unsigned, 'x', 'forged')
      await write(broker, key, 'one')
    }
    const batches: string[] = []
    const consumer = await broker.consume({
      group: 'g',
      topics: [topic],
      from: 'earliest',
      onBatch: async ({ records }) => {
        batches.push(records.map(({ key }) => key).join(''))
        return { processed: Math.min(1, records.length), pauseMs: 0 }
      },
    })
    await eventually('read', async () => cluster.committed.get(`g/${topic}/0`) === 6n)
    await consumer.stop()
    expect(batches).toEqual(['abc', 'bc', 'c'])
  })

  it('leaves other topics as they are', async () => {
    const { over, write, cluster } = await open()
    await write(over(new MasterKeys(base64(1), [])), 'a', 'line', topics.connectionHistory.name)
    expect(cluster.records(topics.connectionHistory.name)[0]?.headers).toEqual({})
  })

  it('can be read without keys, and not written', async () => {
    const { unsigned, write, read } = await open()
    await write(unsigned, 'a', 'one')
    const broker = signedBroker(unsigned, { signing: async () => null, onRefused: () => {} })
    expect(await read(broker)).toEqual(['a=one'])
    await expect(write(broker, 'b', 'two')).rejects.toThrow(/do not sign connection-requests.v1/)
  })
})
