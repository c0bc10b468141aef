import { readDeliveries } from '../../../../services/dispatch/sent-log/read-deliveries.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import type { Delivery } from '../../../../services/shared/model/topic-values.ts'
import { topics } from '../../../../services/topology.ts'
import { deliveryOf, signal } from '../../../support/builders.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

const delivery = (n: number): Delivery => deliveryOf(signal({ signalId: String(n).padEnd(32, '0') }))

const filled = async (values: (codec: Codec) => readonly (Buffer | null)[]) => {
  const broker = new MemoryCluster().open()
  const topic = topics.deliveries.name
  await broker.createTopics([{ name: topic, partitions: 1, config: {} }])
  const codec = await Codec.open(new MemoryRegistry())
  const producer = await broker.producer()
  await producer.send(values(codec).map((value) => ({ topic, key: 'acme-wa', value })))
  return { broker, codec }
}

describe('deliveries, read whole', () => {
  it('come in order, without records that do not decode', async () => {
    const tools = await filled((codec) => [
      codec.encode('deliveries', delivery(1)),
      Buffer.from('another format'),
      null,
      codec.encode('deliveries', delivery(2)),
    ])
    const taken: string[] = []
    const shares: number[] = []
    await readDeliveries(
      { ...tools, signal: new AbortController().signal, onProgress: (share) => shares.push(share) },
      async (batch) => void taken.push(...batch.map(({ signalId }) => signalId)),
    )
    expect(taken).toEqual([delivery(1).signalId, delivery(2).signalId])
    expect(shares.at(-1)).toBe(1)
  })

  it('are not read on when the process stops, and the reading fails', async () => {
    const tools = await filled((codec) => [codec.encode('deliveries', delivery(1))])
    const reading = readDeliveries({ ...tools, signal: AbortSignal.abort(), onProgress: () => {} }, async () => {})
    await expect(reading).rejects.toThrow('stopping while the sent log is rebuilt')
  })
})
