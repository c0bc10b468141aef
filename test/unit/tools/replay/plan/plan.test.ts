import { BucketSentLog } from '../../../../../services/dispatch/sent-log/sent-log.ts'
import { Codec } from '../../../../../services/runtime/topics/codec.ts'
import { ConnectionDirectory } from '../../../../../services/shared/connections/directory.ts'
import type { Signal } from '../../../../../services/shared/model/topic-values.ts'
import type { InProcessPipeline } from '../../../../../services/tools/replay/plan/in-process-pipeline.ts'
import type { Decided } from '../../../../../services/tools/replay/plan/keyword-signals.ts'
import { type Plan, planReplay } from '../../../../../services/tools/replay/plan/plan.ts'
import { replayTopic, topics } from '../../../../../services/topology.ts'
import { connectionRecord, noon, replayRequest, signal } from '../../../../support/builders.ts'
import { MemoryCluster } from '../../../../support/memory-broker.ts'
import { MemoryHourBuckets } from '../../../../support/memory-hour-buckets.ts'
import { MemoryRegistry } from '../../../../support/memory-registry.ts'

const dayMs = 86_400_000
const numbered = (n: number, fields: Partial<Signal> = {}) =>
  signal({ signalId: n.toString(16).padStart(2, '0').repeat(16), ...fields })

const signalsOf = ({ fresh }: Plan) => fresh.map(({ signal: one }) => one)

const request = replayRequest({ askedAt: noon + 60_000 })

const openPlan = async () => {
  const cluster = new MemoryCluster()
  cluster.now = () => noon + 1_000
  const broker = cluster.open()
  const names = [topics.messages.name, topics.signals.name, topics.deliveries.name, replayTopic]
  await broker.createTopics(names.map((name) => ({ name, partitions: 1, config: {} })))
  const codec = await Codec.open(new MemoryRegistry())
  const producer = await broker.producer()
  const sentLog = new BucketSentLog(new MemoryHourBuckets())
  const directory = new ConnectionDirectory()
  for (const [id, status] of [
    ['acme-wa', 'active'],
    ['paused-wa', 'paused'],
  ] as const)
    directory.apply(id, connectionRecord({ connectionId: id, accountId: id, status }))
  return {
    codec,
    sentLog,
    garbage: (topic: string) => producer.send([{ topic, key: null, value: Buffer.from('no Avro'), headers: {} }]),
    publish: (topic: string, value: Signal, headers = {}) =>
      producer.send([{ topic, key: value.connectionId, value: codec.encode('signals', value), headers }]),
    deliver: (value: Signal) => {
      const { signalId, connectionId, kind, occurredAt } = value
      const delivery = {
        signalId,
        connectionId,
        kind,
        occurredAt,
        outcome: 'accepted',
        code: 0,
        requestId: null,
        attempt: 1,
        settledAt: noon,
      } as never
      return producer.send([
        { topic: topics.deliveries.name, key: connectionId, value: codec.encode('deliveries', delivery) },
      ])
    },
    plan: async (signals: readonly Signal[], { own = new Set<string>(), receivedAt = noon } = {}) => {
      const decided = signals.map((one): Decided => ({ signal: one, consent: '0', receivedAt }))
      const pipeline = { take: async () => [], finish: async () => decided, outcomes: {}, messages: 0, unseen: 0 }
      return planReplay(request, [], {
        broker,
        codec,
        sentLog,
        directory,
        pipeline: pipeline as unknown as InProcessPipeline,
        expireMs: 28 * dayMs,
        own,
      })
    },
  }
}

describe('a dry run', () => {
  let world: Awaited<ReturnType<typeof openPlan>>
  beforeEach(async () => {
    world = await openPlan()
  })

  it('counts as new what no process has emitted, oldest first, and a signal once', async () => {
    const [later, earlier] = [numbered(1), numbered(2, { occurredAt: noon - 5 })]
    const plan = await world.plan([later, earlier, later])
    expect(signalsOf(plan)).toEqual([earlier, later])
    expect(plan.counts.totals).toEqual({ new: 2, reported: 0 })
  })

  it('counts as reported what TikTok has settled, whatever flags it would have now', async () => {
    const final = { outcome: 'accepted', code: 0, requestId: null, attempt: 1, sentAt: noon, at: noon } as const
    await world.sentLog.write([{ signal: numbered(1), final, recorded: true }])
    const plan = await world.plan([numbered(1, { kind: 'keyword', flags: ['payment', 'thanks'] })])
    expect([plan.fresh.length, plan.counts.totals]).toEqual([0, { new: 0, reported: 1 }])
  })

  it('counts as reported what is on its way: emitted by live traffic or by another replay', async () => {
    await world.publish(topics.signals.name, numbered(1))
    await world.publish(replayTopic, numbered(2), { replay: 'another' })
    const plan = await world.plan([numbered(1), numbered(2), numbered(3)])
    expect(signalsOf(plan)).toEqual([numbered(3)])
    expect(plan.counts.totals).toEqual({ new: 1, reported: 2 })
  })

  it('skips what does not decode: it cannot be a signal', async () => {
    await world.garbage(topics.signals.name)
    await world.garbage(topics.deliveries.name)
    await world.publish(topics.signals.name, numbered(1))
    const plan = await world.plan([numbered(1), numbered(2)], { receivedAt: noon - topics.signals.retentionMs - dayMs })
    expect(plan.counts.totals).toEqual({ new: 1, reported: 1 })
  })

  it('reads the deliveries for signals older than signals.v1 keeps', async () => {
    await world.deliver(numbered(1))
    expect((await world.plan([numbered(1)])).counts.totals).toEqual({ new: 1, reported: 0 })
    const longAgo = { receivedAt: noon - topics.signals.retentionMs - dayMs }
    expect((await world.plan([numbered(1)], longAgo)).counts.totals).toEqual({ new: 0, reported: 1 })
  })

  it('leaves out a paused connection and expired signals, but counts what was reported of them', async () => {
    const paused = (n: number) => numbered(n, { connectionId: 'paused-wa' })
    const final = { outcome: 'accepted', code: 0, requestId: null, attempt: 1, sentAt: noon, at: noon } as const
    await world.sentLog.write([{ signal: paused(1), final, recorded: true }])
    const plan = await world.plan([paused(1), paused(2), numbered(3, { occurredAt: noon - 29 * dayMs })])
    expect([plan.fresh.length, plan.skipped, plan.counts.totals]).toEqual([
      0,
      { paused: 1, expired: 1 },
      { new: 0, reported: 1 },
    ])
  })

  it('counts what the run published before it was stopped as new, and does not send it again', async () => {
    const own = new Set([numbered(1).signalId])
    const plan = await world.plan([numbered(1), numbered(2)], { own })
    expect([signalsOf(plan), plan.published, plan.counts.totals]).toEqual([[numbered(2)], 1, { new: 2, reported: 0 }])
  })
})
