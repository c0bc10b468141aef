import { Unparker } from '../../../../services/dispatch/parked/unparker.ts'
import { type Clock, DependencyError, type ProducerRecord } from '../../../../services/runtime/ports.ts'
import type { ConnectionStatus } from '../../../../services/shared/model/connection-record.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'

const parked = 'signals.dispatch.parked.v1'
const signals = 'signals.v1'
const settle = () => new Promise((resolve) => setTimeout(resolve, 350))

const open = async (
  connections: Record<string, { status: ConnectionStatus; changedAt: number }>,
  records: Omit<ProducerRecord, 'topic'>[],
) => {
  const cluster = new MemoryCluster()
  let now = 1_000
  cluster.now = () => now
  const broker = cluster.open()
  await broker.createTopics([parked, signals].map((name) => ({ name, partitions: 1, config: {} })))
  const producer = await broker.producer()
  await producer.send(records.map((record) => ({ ...record, topic: parked })))
  const clock: Clock = { now: () => now, sleep: async () => {} }
  const unparker = new Unparker({ broker, producer, clock, byId: (id) => connections[id] })
  const running = await unparker.start()
  await settle()
  return {
    connections,
    cluster,
    unparker,
    back: () => cluster.records(signals).map(({ key, value, headers }) => ({ key, value: String(value), headers })),
    parkedNow: () =>
      cluster.records(parked).length - Number(cluster.committed.get(`signals-dispatch-parked/${parked}/0`)),
    pass: (ms: number) => {
      now += ms
    },
    stop: () => running.stop(),
  }
}

const record = (key: string, reason: string, value = 'v') => ({
  key,
  value: Buffer.from(value),
  headers: { reason, attempt: '3', 'received-at': '5', traceparent: 't' },
})

describe('un-parking', () => {
  it('leaves what still waits, in its order', async () => {
    const world = await open({ a: { status: 'paused', changedAt: 1 }, b: { status: 'reconnect', changedAt: 1 } }, [
      record('a', 'paused', '1'),
      record('b', 'reconnect', '2'),
      record('unheard-of', 'paused', '3'),
    ])
    expect(world.back()).toEqual([])
    expect(world.parkedNow()).toBe(3)
    expect(
      world.cluster
        .records(parked)
        .slice(-3)
        .map(({ value }) => String(value)),
    ).toEqual(['1', '2', '3'])
    await world.stop()
  })

  it('sends back a resumed connection’s signals as new, and nobody else’s', async () => {
    const world = await open({ a: { status: 'paused', changedAt: 1 }, b: { status: 'paused', changedAt: 1 } }, [
      record('a', 'paused', '1'),
      record('b', 'paused', '2'),
      record('a', 'paused', '3'),
    ])
    world.connections.a = { status: 'active', changedAt: 2_000 }
    world.unparker.changed()
    await settle()
    expect(world.back()).toEqual([
      { key: 'a', value: '1', headers: { 'received-at': '5', traceparent: 't' } },
      { key: 'a', value: '3', headers: { 'received-at': '5', traceparent: 't' } },
    ])
    expect(world.parkedNow()).toBe(1)
    await world.stop()
  })

  it('sweeps at once where a batch parked, a moment after the change, what need not wait', async () => {
    const connections = { a: { status: 'active', changedAt: 1 }, b: { status: 'paused', changedAt: 1 } } as const
    const world = await open(connections, [record('b', 'paused')])
    const producer = await world.cluster.open().producer()
    await producer.send([{ ...record('a', 'paused', '1'), topic: parked }])
    world.unparker.parked([{ connectionId: 'a', reason: 'unknown_code' }])
    await settle()
    expect(world.back()).toEqual([])
    world.unparker.parked([{ connectionId: 'a', reason: 'paused' }])
    await settle()
    expect(world.back().map(({ value }) => value)).toEqual(['1'])
    await world.stop()
  })

  it('sends back a disconnected connection’s signals, to be withheld', async () => {
    const world = await open({ a: { status: 'disconnected', changedAt: 1 } }, [record('a', 'reconnect')])
    expect(world.back()).toHaveLength(1)
    await world.stop()
  })

  it('leaves what was parked though its connection could send, until somebody has touched the connection', async () => {
    const world = await open({ a: { status: 'active', changedAt: 500 } }, [record('a', 'unknown_code')])
    expect(world.back()).toEqual([])
    world.pass(10_000)
    world.unparker.changed()
    await settle()
    expect(world.back()).toEqual([])
    world.connections.a = { status: 'active', changedAt: 5_000 }
    world.unparker.changed()
    await settle()
    expect(world.back()).toHaveLength(1)
    await world.stop()
  })

  it('rests while nothing changes', async () => {
    const world = await open({ a: { status: 'paused', changedAt: 1 } }, [record('a', 'paused')])
    const before = world.cluster.records(parked).length
    await settle()
    expect(world.cluster.records(parked)).toHaveLength(before)
    await world.stop()
  })

  it('tries again when the broker was away, losing nothing', async () => {
    const moves: (readonly ProducerRecord[])[] = []
    let away = true
    const unparker = new Unparker({
      broker: { consume: () => Promise.reject(new Error('not used')) },
      producer: {
        send: async (records) => {
          if (away) throw new DependencyError('kafka', 'away')
          moves.push(records)
        },
      },
      clock: { now: () => 0, sleep: async () => {} },
      byId: () => ({ status: 'active', changedAt: 0 }),
    })
    const batch = {
      topic: parked,
      partition: 0,
      records: [{ ...record('a', 'paused'), topic: parked, partition: 0, offset: 0n, timestamp: 0 }],
      highWatermark: 1n,
      isStale: () => false,
      signal: new AbortController().signal,
    }
    expect(await unparker.onBatch(batch)).toEqual({ processed: 0, pauseMs: 1_000 })
    away = false
    expect(await unparker.onBatch(batch)).toEqual({ processed: 1, pauseMs: 0 })
    expect(moves).toHaveLength(1)
  })
})
