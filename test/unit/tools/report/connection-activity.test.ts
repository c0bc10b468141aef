import { ConnectionWays } from '../../../../services/ingest/order/ways.ts'
import { DependencyError } from '../../../../services/runtime/ports.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { readActivity } from '../../../../services/tools/report/connection-activity.ts'
import { topics } from '../../../../services/topology.ts'
import { deliveryOf, noon, signal } from '../../../support/builders.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryRedis } from '../../../support/memory-redis.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

const dayMs = 86_400_000
const id = (n: number) => n.toString(16).padStart(32, '0')

const open = async () => {
  const broker = new MemoryCluster().open()
  await broker.createTopics([{ name: topics.deliveries.name, partitions: 2, config: {} }])
  const codec = await Codec.open(new MemoryRegistry())
  const producer = await broker.producer()
  const redis = new MemoryRedis()
  const settle = (fields: Parameters<typeof signal>[0], result: Parameters<typeof deliveryOf>[1] = {}) => {
    const value = deliveryOf(signal({ connectionId: 'acme-wa', ...fields }), result)
    return producer.send([
      { topic: topics.deliveries.name, key: value.connectionId, value: codec.encode('deliveries', value) },
    ])
  }
  return { broker, codec, redis, settle }
}

describe('the activity of a connection', () => {
  it('has its first and last signal with the code, and the share of starts, each start once', async () => {
    const { broker, codec, redis, settle } = await open()
    await settle(
      { signalId: id(1), kind: 'conversation', trackingId: 'x', occurredAt: noon - 10 * dayMs },
      { settledAt: noon - 9 * dayMs },
    )
    await settle(
      { signalId: id(2), kind: 'conversation', trackingId: 'x', occurredAt: noon - dayMs },
      { settledAt: noon - 3 },
    )
    await settle(
      { signalId: id(2), kind: 'conversation', trackingId: 'x', occurredAt: noon - dayMs },
      { settledAt: noon - 2 },
    )
    await settle(
      { signalId: id(3), kind: 'conversation', trackingId: null, occurredAt: noon - dayMs },
      { settledAt: noon - 2 },
    )
    await settle({ signalId: id(4), kind: 'keyword' }, { outcome: 'rejected', code: 40_002, settledAt: noon - 1 })
    await settle({ signalId: id(5), kind: 'keyword' }, { test: true, settledAt: noon })
    await settle(
      { signalId: id(6), kind: 'conversation', connectionId: 'other', occurredAt: noon },
      { settledAt: noon },
    )
    const ways = new ConnectionWays(redis, { now: () => noon - dayMs })
    await ways.note(new Map([['acme-wa', 1]]))
    expect(await readActivity('acme-wa', noon, { broker, codec, redis })).toEqual({
      events: { since: noon - dayMs, lastByHttp: noon - dayMs, lastByKafka: null },
      firstSignalAt: noon - 9 * dayMs,
      lastSignal: { kind: 'keyword', event: null, outcome: 'rejected', code: 40_002, settledAt: noon - 1 },
      lastTestEvent: expect.objectContaining({ settledAt: noon }),
      starts: 2,
      startsWithTrackingId: 1,
    })
  })

  it('says that nothing is known, also while Redis is away', async () => {
    const { broker, codec } = await open()
    const away = () => Promise.reject(new DependencyError('redis', 'lost'))
    const nothing = { events: null, firstSignalAt: null, lastSignal: null, lastTestEvent: null }
    expect(await readActivity('acme-wa', noon, { broker, codec, redis: { getMany: away } })).toEqual({
      ...{ ...nothing, starts: 0, startsWithTrackingId: 0 },
    })
  })
})
