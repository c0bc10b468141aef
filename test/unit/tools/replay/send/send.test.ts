import { Codec } from '../../../../../services/runtime/topics/codec.ts'
import { ConnectionDirectory } from '../../../../../services/shared/connections/directory.ts'
import type { Signal } from '../../../../../services/shared/model/topic-values.ts'
import { type Ending, publishedBy, sendSignals } from '../../../../../services/tools/replay/send/send.ts'
import { replayGroup, replayTopic } from '../../../../../services/topology.ts'
import { connectionRecord, noon, signal } from '../../../../support/builders.ts'
import { MemoryCluster } from '../../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../../support/memory-registry.ts'

const numbered = (n: number, connectionId = 'acme-wa') =>
  signal({ connectionId, signalId: n.toString(16).padStart(4, '0').repeat(8) })
const many = (count: number) => Array.from({ length: count }, (_, n) => numbered(n))

/** A lane and a dispatch that takes all that lies in it once a second; time passes as the sender sleeps. */
const openLane = async () => {
  const cluster = new MemoryCluster()
  let now = noon
  cluster.now = () => now
  const broker = cluster.open()
  await broker.createTopics([{ name: replayTopic, partitions: 1, config: {} }])
  const codec = await Codec.open(new MemoryRegistry())
  const producer = await broker.producer()
  const directory = new ConnectionDirectory()
  directory.apply('acme-wa', connectionRecord())
  const world = {
    cluster,
    takes: true,
    lag: 0,
    interruption: null as Exclude<Ending, 'done' | 'stalled'> | null,
    directory,
    seconds: () => (now - noon) / 1000,
    lane: () => cluster.records(replayTopic).length,
    published: (run = 'r1') => publishedBy({ run, laneFrom: {} }, { broker, codec }),
    send: (signals: readonly Signal[], run = 'r1', onSecond: () => void = () => {}) =>
      sendSignals({ run }, signals, {
        broker,
        producer,
        codec,
        directory,
        clock: {
          now: () => now,
          sleep: async (ms) => {
            now += ms
            if (world.takes && now % 1_000 < ms)
              cluster.committed.set(`${replayGroup}/${replayTopic}/0`, BigInt(world.lane()))
          },
        },
        lag: { look: async () => world.lag },
        baseline: 0,
        rate: 100,
        interrupted: () => world.interruption,
        onSecond: async () => onSecond(),
      }),
  }
  return world
}

describe('a replay sends', () => {
  let world: Awaited<ReturnType<typeof openLane>>
  beforeEach(async () => {
    world = await openLane()
  })

  it('all that is new, under the name of the run, and ends when dispatch has taken it', async () => {
    expect(await world.send(many(250))).toEqual({ ending: 'done', published: 250, skipped: 0 })
    expect((await world.published()).size).toBe(250)
    expect((await world.published('another')).size).toBe(0)
    expect(world.seconds()).toBeGreaterThan(2.5)
  })

  it('no faster than it may, and slower while live traffic falls behind', async () => {
    await world.send(many(250))
    const undisturbed = world.seconds()
    world.lag = 2
    let looks = 0
    await world.send(many(250), 'r2', () => {
      if (++looks === 8) world.lag = 0
    })
    expect(world.seconds() - undisturbed).toBeGreaterThan(undisturbed + 5)
  })

  it('two seconds ahead of dispatch at most, and gives up when it takes nothing', async () => {
    world.takes = false
    expect((await world.send(many(5_000))).ending).toBe('stalled')
    expect(world.lane()).toBeLessThanOrEqual(300)
  })

  it('nothing of a connection that was paused meanwhile', async () => {
    world.directory.apply('other', connectionRecord({ connectionId: 'other', accountId: 'other', status: 'paused' }))
    const signals = [numbered(1), numbered(2, 'other'), numbered(3, 'gone')]
    expect(await world.send(signals)).toEqual({ ending: 'done', published: 1, skipped: 2 })
  })

  it('until it is stopped or cancelled, and what it has sent stands in the lane', async () => {
    const signals = many(1_000)
    const first = await world.send(signals, 'r1', () => {
      if (world.lane() > 100) world.interruption = 'stopped'
    })
    expect(first.ending).toBe('stopped')
    world.interruption = null
    const own = await world.published()
    expect(own.size).toBe(first.published)
    const rest = signals.filter(({ signalId }) => !own.has(signalId))
    expect(await world.send(rest)).toEqual({ ending: 'done', published: 1_000 - first.published, skipped: 0 })
    expect([world.lane(), (await world.published()).size]).toEqual([1_000, 1_000])
  })
})
