import { laterTopic } from '../../../../../services/derived-topics.ts'
import { Keyring } from '../../../../../services/runtime/keys/keyring.ts'
import { CommonPairs } from '../../../../../services/runtime/keys/secrets/common-pairs.ts'
import type { Producer } from '../../../../../services/runtime/ports.ts'
import { Codec } from '../../../../../services/runtime/topics/codec.ts'
import type { ReplayRun } from '../../../../../services/shared/model/replay-run.ts'
import type { Signal } from '../../../../../services/shared/model/topic-values.ts'
import { loadSources } from '../../../../../services/shared/sources/index.ts'
import type { Plan } from '../../../../../services/tools/replay/plan/plan.ts'
import { ReplayCounts } from '../../../../../services/tools/replay/plan/replay-counts.ts'
import { Interrupted } from '../../../../../services/tools/replay/run/interruption.ts'
import { Replay } from '../../../../../services/tools/replay/run/run.ts'
import { readRuns, runStateOf, writeRun } from '../../../../../services/tools/replay/run/run-store.ts'
import { consumerStages, replayGroup, replayTopic, stages, topics } from '../../../../../services/topology.ts'
import { connectionRecord, noon, replayRequest, signal } from '../../../../support/builders.ts'
import { eventually } from '../../../../support/eventually.ts'
import { MemoryCluster } from '../../../../support/memory-broker.ts'
import { MemoryRedis } from '../../../../support/memory-redis.ts'
import { MemoryRegistry } from '../../../../support/memory-registry.ts'

const request = replayRequest({ from: noon - 1_000, to: noon })

const sources = loadSources()

const numbered = (n: number): Signal => signal({ signalId: n.toString(16).padStart(4, '0').repeat(8) })

const planOf = (signals: readonly Signal[]): Plan => {
  const fresh = signals.map((one) => ({ signal: one, consent: '0' }))
  const counts = new ReplayCounts()
  for (const one of signals) counts.add(one, 'new')
  const skipped = { paused: 0, expired: 0 }
  const found = {
    records: 0,
    messages: 0,
    unseen: 0,
    outcomes: {},
    fileProblems: [],
    fileProblemCount: 0,
    foundByNewerLists: null,
    foundByNewerRules: null,
  }
  return { counts, fresh, published: 0, skipped, ...found }
}

/** Topics of a pipeline with an active connection. Its dispatch commits the whole replay topic once a second. */
const openPipeline = async () => {
  const cluster = new MemoryCluster()
  let now = noon
  cluster.now = () => now
  const broker = cluster.open()
  const later = consumerStages.flatMap((stage) => stages[stage].delays.map((delay) => laterTopic(stage, delay)))
  const names = [...Object.values(topics).map(({ name }) => name), replayTopic, ...later]
  await broker.createTopics(names.map((name) => ({ name, partitions: 1, config: {} })))
  const codec = await Codec.open(new MemoryRegistry())
  const keyring = await Keyring.open(Buffer.alloc(32, 1).toString('base64'))
  const producer = await broker.producer()
  await producer.send([
    { topic: topics.connections.name, key: 'acme-wa', value: codec.encode('connections', connectionRecord()) },
  ])
  const world = {
    cluster,
    producer,
    now: () => now,
    pass: (ms: number) => {
      now += ms
    },
    /** Called at each sleep of the run: every 0.1 s while it sends. */
    onTick: async () => {},
    runs: () => readRuns(broker, codec),
    write: (run: ReplayRun) => writeRun(producer, codec, run),
    inReplayTopic: () => cluster.records(replayTopic).length,
    open: async () => {
      const stop = new AbortController()
      const replay = new Replay({
        broker,
        codec,
        keyring,
        commonPairs: new CommonPairs(),
        redis: new MemoryRedis(),
        sources,
        lists: [],
        ruleSets: [],
        clock: {
          now: () => now,
          sleep: async (ms) => {
            now += ms
            if (now % 1_000 < ms)
              cluster.committed.set(`${replayGroup}/${replayTopic}/0`, BigInt(world.inReplayTopic()))
            await world.onTick()
          },
        },
        expireMs: 28 * 86_400_000,
        waitMs: 0,
        textWindowMs: 600_000,
        stop: stop.signal,
      })
      await replay.open()
      return { replay, stop: () => stop.abort() }
    },
  }
  return world
}

const begun = async (replay: Replay, producer: Producer) => {
  const prepared = await replay.prepare(request)
  return { prepared, run: await replay.begin(prepared, producer) }
}

describe('a run', () => {
  const signals = Array.from({ length: 1_000 }, (_, n) => numbered(n))
  let world: Awaited<ReturnType<typeof openPipeline>>
  let first: Awaited<ReturnType<typeof world.open>>
  beforeEach(async () => {
    world = await openPipeline()
    first = await world.open()
  })
  afterEach(() => first.replay.close())
  const send = (replay: Replay, run: ReplayRun, own: ReadonlySet<string> = new Set()) =>
    replay.send(run, planOf(signals.filter(({ signalId }) => !own.has(signalId))), own, request.rate, world.producer)

  it('that is cancelled elsewhere ends, and stays cancelled', async () => {
    const { run } = await begun(first.replay, world.producer)
    world.onTick = async () => {
      if (world.inReplayTopic() > 100) await world.write({ ...run, status: 'cancelled' })
    }
    const { ending, counts } = await send(first.replay, run)
    expect(ending).toBe('cancelled')
    expect(counts.published).toBe(world.inReplayTopic())
    expect(world.inReplayTopic()).toBeLessThan(500)
    expect((await world.runs()).map(({ status }) => status)).toEqual(['cancelled'])
  })

  it('that another process takes over ends here, and is finished there: each signal once', async () => {
    const { run } = await begun(first.replay, world.producer)
    const second = await world.open()
    let taken: ReplayRun | undefined
    world.onTick = async () => {
      if (world.inReplayTopic() > 100) taken ??= await second.replay.takeOver(run, world.producer)
    }
    expect((await send(first.replay, run)).ending).toBe('taken over')
    const own = await second.replay.publishedBy(taken as ReplayRun)
    expect(own.size).toBe(world.inReplayTopic())
    const { ending, counts } = await send(second.replay, taken as ReplayRun, own)
    expect([ending, counts.published, world.inReplayTopic()]).toEqual(['done', 1_000, 1_000])
    expect((await world.runs()).map(({ status, owner }) => [status, owner])).toEqual([['done', taken?.owner]])
    await second.replay.close()
  })

  it('is renewed while it waits, decides and reads: its silence would mean that its process is gone', async () => {
    const { run } = await begun(first.replay, world.producer)
    const states = async () => (await world.runs()).map((one) => runStateOf(one, world.now()))
    const staysRunning = async (work: () => Promise<unknown>) => {
      world.pass(20_000)
      expect(await states()).toEqual(['interrupted'])
      await work()
      expect(await states()).toEqual(['running'])
    }
    const range = { offsets: [{ partition: 0, from: 0n, to: 1n }], leftToLive: 0, keptSince: null }
    await world.producer.send([{ topic: topics.messages.name, key: null, value: Buffer.from([9]) }])
    await staysRunning(() => first.replay.plan({ request, range }))
    await world.producer.send([{ topic: replayTopic, key: null, value: Buffer.from([9]) }])
    await staysRunning(() => first.replay.publishedBy(run))
    await world.producer.send([{ topic: topics.attributedMessages.name, key: null, value: Buffer.from([9]) }])
    await staysRunning(async () => {
      world.onTick = async () => {
        if ((await states())[0] === 'running') first.stop()
      }
      await expect(first.replay.prepareAgain(run)).rejects.toThrow(Interrupted)
    })
  })

  it('that ends by an error can be resumed, unless it was cancelled meanwhile', async () => {
    const { run } = await begun(first.replay, world.producer)
    await first.replay.end(run, 'stopped')
    expect((await world.runs()).map(({ status }) => status)).toEqual(['stopped'])
    await world.write({ ...run, status: 'cancelled' })
    await eventually(
      'the cancelled record',
      async () => (await first.replay.end(run, 'stopped')).ending === 'cancelled',
    )
    expect((await world.runs()).map(({ status }) => status)).toEqual(['cancelled'])
  })

  it('that is stopped while it waits for live traffic or decides ends at once, and can be resumed', async () => {
    const { run } = await begun(first.replay, world.producer)
    await world.producer.send([
      { topic: topics.attributedMessages.name, key: null, value: Buffer.from([9]) },
      { topic: topics.messages.name, key: null, value: Buffer.from([9]) },
    ])
    world.onTick = async () => first.stop()
    await expect(first.replay.prepareAgain(run)).rejects.toThrow(Interrupted)
    const range = { offsets: [{ partition: 0, from: 0n, to: 1n }], leftToLive: 0, keptSince: null }
    await expect(first.replay.plan({ request, range })).rejects.toThrow(Interrupted)
    expect((await first.replay.end(run, 'stopped')).ending).toBe('stopped')
    expect((await world.runs()).map(({ status }) => status)).toEqual(['stopped'])
  })
})
