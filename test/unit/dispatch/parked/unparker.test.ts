import { Unparker } from '../../../../services/dispatch/parked/unparker.ts'
import { DependencyError, type ProducerRecord, type RunningConsumer } from '../../../../services/runtime/ports.ts'
import type { ConnectionStatus } from '../../../../services/shared/model/connection-record.ts'
import { recordBatch } from '../../../support/builders.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'

const parked = 'signals.dispatch.parked.v1'
const signals = 'signals.v1'
/** What follows from a sweep ends within these turns of the event loop. */
const settled = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
const burstMs = 250

const running: RunningConsumer[] = []
// Also after a failed test: a consumer that polls on keeps jest from ending.
afterEach(async () => {
  for (const consumer of running.splice(0)) await consumer.stop()
})

const open = async (
  connections: Record<string, { status: ConnectionStatus; changedAt: number }>,
  records: Omit<ProducerRecord, 'topic'>[],
) => {
  const cluster = new MemoryCluster()
  const time = new FakeClock(1_000)
  cluster.now = time.now
  const broker = cluster.open()
  await broker.createTopics([parked, signals].map((name) => ({ name, partitions: 1, config: {} })))
  const producer = await broker.producer()
  const park = (...more: Omit<ProducerRecord, 'topic'>[]) =>
    producer.send(more.map((record) => ({ ...record, topic: parked })))
  await park(...records)
  let sweeps = 0
  const unparker = new Unparker({
    broker,
    producer,
    clock: time,
    timers: time,
    byId: (id) => connections[id],
    onMoved: () => {
      sweeps++
    },
  })
  running.push(await unparker.start())
  await settled()
  return {
    connections,
    cluster,
    unparker,
    park,
    sweeps: () => sweeps,
    back: () => cluster.records(signals).map(({ key, value, headers }) => ({ key, value: String(value), headers })),
    parkedNow: () =>
      cluster.records(parked).length - Number(cluster.committed.get(`signals-dispatch-parked/${parked}/0`)),
    pass: async (ms: number) => {
      await time.advance(ms)
      await settled()
    },
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
      record('unknown', 'paused', '3'),
    ])
    expect(world.sweeps()).toBe(1)
    expect(world.back()).toEqual([])
    expect(world.parkedNow()).toBe(3)
    expect(
      world.cluster
        .records(parked)
        .slice(-3)
        .map(({ value }) => String(value)),
    ).toEqual(['1', '2', '3'])
  })

  it('sends back a resumed connection’s signals as new, and no other’s', async () => {
    const world = await open({ a: { status: 'paused', changedAt: 1 }, b: { status: 'paused', changedAt: 1 } }, [
      record('a', 'paused', '1'),
      record('b', 'paused', '2'),
      record('a', 'paused', '3'),
    ])
    world.connections.a = { status: 'active', changedAt: 2_000 }
    world.unparker.changed()
    await world.pass(burstMs)
    expect(world.back()).toEqual([
      { key: 'a', value: '1', headers: { 'received-at': '5', traceparent: 't' } },
      { key: 'a', value: '3', headers: { 'received-at': '5', traceparent: 't' } },
    ])
    expect(world.parkedNow()).toBe(1)
  })

  it('sweeps once for a burst of changes', async () => {
    const world = await open({ a: { status: 'paused', changedAt: 1 } }, [record('a', 'paused')])
    for (let change = 0; change < 5; change++) world.unparker.changed()
    await world.pass(burstMs - 1)
    expect(world.sweeps()).toBe(1)
    await world.pass(1)
    expect(world.sweeps()).toBe(2)
  })

  it('sweeps at once when a batch has parked, a moment after the change, what need not wait', async () => {
    const connections = { a: { status: 'active', changedAt: 1 }, b: { status: 'paused', changedAt: 1 } } as const
    const world = await open(connections, [record('b', 'paused')])
    await world.park(record('a', 'paused', '1'))
    world.unparker.parked([{ connectionId: 'a', reason: 'unknown_code' }])
    await world.pass(burstMs)
    expect(world.back()).toEqual([])
    world.unparker.parked([{ connectionId: 'a', reason: 'paused' }])
    await world.pass(burstMs)
    expect(world.back().map(({ value }) => value)).toEqual(['1'])
  })

  it('sweeps again 30 s after a change, for what another instance parked meanwhile', async () => {
    const world = await open({ a: { status: 'paused', changedAt: 1 }, b: { status: 'paused', changedAt: 1 } }, [
      record('b', 'paused'),
    ])
    world.connections.a = { status: 'active', changedAt: 2_000 }
    world.unparker.changed()
    await world.pass(burstMs)
    await world.park(record('a', 'paused', '1'))
    await world.pass(30_000 - burstMs - 1)
    expect(world.back()).toEqual([])
    await world.pass(1)
    expect(world.back().map(({ value }) => value)).toEqual(['1'])
  })

  it('sends back a disconnected connection’s signals, to be withheld', async () => {
    const world = await open({ a: { status: 'disconnected', changedAt: 1 } }, [record('a', 'reconnect')])
    expect(world.back()).toHaveLength(1)
  })

  it('leaves what was parked though its connection could send, until a person has changed the connection', async () => {
    const world = await open({ a: { status: 'active', changedAt: 500 } }, [record('a', 'unknown_code')])
    expect(world.back()).toEqual([])
    await world.pass(10_000)
    world.unparker.changed()
    await world.pass(burstMs)
    expect(world.sweeps()).toBe(2)
    expect(world.back()).toEqual([])
    world.connections.a = { status: 'active', changedAt: 5_000 }
    world.unparker.changed()
    await world.pass(burstMs)
    expect(world.back()).toHaveLength(1)
  })

  it('does not sweep while nothing changes', async () => {
    const world = await open({ a: { status: 'paused', changedAt: 1 } }, [record('a', 'paused')])
    await world.pass(60_000)
    expect(world.sweeps()).toBe(1)
  })

  it('tries again when the broker was away, losing nothing', async () => {
    const moves: (readonly ProducerRecord[])[] = []
    let away = true
    const time = new FakeClock()
    const unparker = new Unparker({
      broker: { consume: () => Promise.reject(new Error('not used')) },
      producer: {
        send: async (records) => {
          if (away) throw new DependencyError('kafka', 'away')
          moves.push(records)
        },
      },
      clock: time,
      timers: time,
      byId: () => ({ status: 'active', changedAt: 0 }),
    })
    const batch = recordBatch([{ ...record('a', 'paused'), topic: parked, partition: 0, offset: 0n, timestamp: 0 }])
    expect(await unparker.onBatch(batch)).toEqual({ processed: 0, pauseMs: 1_000 })
    away = false
    expect(await unparker.onBatch(batch)).toEqual({ processed: 1, pauseMs: 0 })
    expect(moves).toHaveLength(1)
  })
})
