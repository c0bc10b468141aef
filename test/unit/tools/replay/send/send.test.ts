import { Codec } from '../../../../../services/runtime/topics/codec.ts'
import { ConnectionDirectory } from '../../../../../services/shared/connections/directory.ts'
import type { Signal } from '../../../../../services/shared/model/topic-values.ts'
import { publishedBy } from '../../../../../services/tools/replay/send/outcomes.ts'
import { type Interruption, sendSignals } from '../../../../../services/tools/replay/send/send.ts'
import { replayGroup, replayTopic } from '../../../../../services/topology.ts'
import { connectionRecord, noon, signal } from '../../../../support/builders.ts'
import { MemoryCluster } from '../../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../../support/memory-registry.ts'

const numbered = (n: number, connectionId = 'acme-wa') =>
  signal({ connectionId, signalId: n.toString(16).padStart(4, '0').repeat(8) })
const many = (count: number) => Array.from({ length: count }, (_, n) => numbered(n))

/** A replay topic and a dispatch that commits all of it once a second. Time passes only while the sender sleeps. */
const openReplayTopic = async () => {
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
    isDispatching: true,
    lag: 0,
    interruption: null as Interruption | null,
    directory,
    seconds: () => (now - noon) / 1000,
    inTopic: () => cluster.records(replayTopic).length,
    published: (run = 'r1') => publishedBy({ run, laneFrom: {} }, { broker, codec }),
    send: (signals: readonly Signal[], run = 'r1', onSecond: () => void = () => {}, suppressionMark?: string) =>
      sendSignals(
        { run },
        signals.map((one) => ({ signal: one, consent: '0', suppressionMark })),
        {
          broker,
          producer,
          codec,
          directory,
          clock: {
            now: () => now,
            sleep: async (ms) => {
              now += ms
              if (world.isDispatching && now % 1_000 < ms)
                cluster.committed.set(`${replayGroup}/${replayTopic}/0`, BigInt(world.inTopic()))
            },
          },
          lag: { poll: async () => world.lag },
          baseline: 0,
          maxRate: 100,
          interruption: () => world.interruption,
          onSecond: async () => onSecond(),
        },
      ),
  }
  return world
}

describe('a replay sends', () => {
  let world: Awaited<ReturnType<typeof openReplayTopic>>
  beforeEach(async () => {
    world = await openReplayTopic()
  })

  it('all that is new, under the id of the run, and ends when dispatch has consumed it', async () => {
    expect(await world.send(many(250))).toEqual({ ending: 'done', published: 250, skipped: 0 })
    expect((await world.published()).size).toBe(250)
    expect((await world.published('another')).size).toBe(0)
    expect(world.seconds()).toBeGreaterThan(2.5)
  })

  it('each with the mark of its conversation, so that dispatch withholds those of a person who is forgotten meanwhile', async () => {
    await world.send(many(1), 'r1', () => {}, 'mark')
    expect(world.cluster.records(replayTopic).map(({ headers }) => headers['suppression-mark'])).toEqual(['mark'])
  })

  it('each with its consent, and none whose consent has ended meanwhile, also when another has begun', async () => {
    await world.send(many(1))
    expect(world.cluster.records(replayTopic).map(({ headers }) => headers.consent)).toEqual(['0'])
    world.directory.apply('acme-wa', connectionRecord({ connectedAt: noon }))
    expect(await world.send(many(3), 'r2')).toEqual({ ending: 'done', published: 0, skipped: 3 })
  })

  it('no faster than it may, and slower while live traffic falls behind', async () => {
    await world.send(many(250))
    const undisturbed = world.seconds()
    world.lag = 2
    let seconds = 0
    await world.send(many(250), 'r2', () => {
      if (++seconds === 8) world.lag = 0
    })
    expect(world.seconds() - undisturbed).toBeGreaterThan(undisturbed + 5)
  })

  it('two seconds ahead of dispatch at most, and stalls when dispatch makes no progress', async () => {
    world.isDispatching = false
    expect((await world.send(many(5_000))).ending).toBe('stalled')
    expect(world.inTopic()).toBeLessThanOrEqual(300)
  })

  it('nothing of a connection that was paused meanwhile', async () => {
    world.directory.apply('other', connectionRecord({ connectionId: 'other', accountId: 'other', status: 'paused' }))
    const signals = [numbered(1), numbered(2, 'other'), numbered(3, 'gone')]
    expect(await world.send(signals)).toEqual({ ending: 'done', published: 1, skipped: 2 })
  })

  it('until it is stopped or cancelled, and the topic records what it has sent', async () => {
    const signals = many(1_000)
    const first = await world.send(signals, 'r1', () => {
      if (world.inTopic() > 100) world.interruption = 'stopped'
    })
    expect(first.ending).toBe('stopped')
    world.interruption = null
    const own = await world.published()
    expect(own.size).toBe(first.published)
    const rest = signals.filter(({ signalId }) => !own.has(signalId))
    expect(await world.send(rest)).toEqual({ ending: 'done', published: 1_000 - first.published, skipped: 0 })
    expect([world.inTopic(), (await world.published()).size]).toEqual([1_000, 1_000])
  })
})
