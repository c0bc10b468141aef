import { consumerGroup } from '../../../../services/consumer-groups.ts'
import { deadLetterTopic } from '../../../../services/derived-topics.ts'
import { deadLetterRecord } from '../../../../services/runtime/batch/dead-letter.ts'
import type { ConsumedRecord, RunningConsumer } from '../../../../services/runtime/ports.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { disconnect, envelopePairOf } from '../../../../services/shared/connections/connection.ts'
import { ConnectionDirectory } from '../../../../services/shared/connections/directory.ts'
import type { ConnectionRecord } from '../../../../services/shared/model/connection-record.ts'
import { loadSources } from '../../../../services/shared/sources/index.ts'
import { dryRunOf } from '../../../../services/tools/dead-letters/dry-run.ts'
import type { FoundDeadLetter } from '../../../../services/tools/dead-letters/found.ts'
import { planRedrive } from '../../../../services/tools/dead-letters/plan.ts'
import { asRedriven, runRedrive } from '../../../../services/tools/dead-letters/redrive.ts'
import { noConditions } from '../../../../services/tools/dead-letters/select.ts'
import {
  type DeadLetterTools,
  findDeadLetters,
  openDeadLetters,
  readRedriven,
} from '../../../../services/tools/dead-letters/store.ts'
import { consumerStages, stages, topics } from '../../../../services/topology.ts'
import { connectionRecord, messageEvent, noon, testEnvelopes, testKeyring } from '../../../support/builders.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

/** Ingest as a redrive sees it: records for which `broken` is true become dead letters, all others are processed. */
const openIngest = async () => {
  const cluster = new MemoryCluster()
  cluster.now = () => noon
  const broker = cluster.open()
  const names = [
    ...consumerStages.flatMap((stage) => [topics[stages[stage].reads].name, deadLetterTopic(stage)]),
    topics.redrives.name,
  ]
  await broker.createTopics([...new Set(names)].map((name) => ({ name, partitions: 2, config: {} })))
  const keyring = await testKeyring()
  const codec = await Codec.open(new MemoryRegistry(), { now: () => noon }, undefined, [deadLetterTopic('ingest')])
  const directory = new ConnectionDirectory()
  const connection = connectionRecord({
    dataKey: keyring.newDataKey('acme-wa'),
    ...envelopePairOf({ connectionId: 'acme-wa' }, keyring),
  })
  directory.apply('acme-wa', connection)
  const envelopes = testEnvelopes(keyring, (id) => directory.byId(id))
  const tools: DeadLetterTools = { broker, codec, envelopes, directory, sources: loadSources(), prefix: 'acme.' }
  const producer = await broker.producer()
  const processed: ConsumedRecord[] = []
  let broken = (_record: ConsumedRecord) => true
  const connectionOf = () => 'acme-wa'
  const consumer: RunningConsumer = await broker.consume({
    group: consumerGroup('ingest'),
    topics: [topics.channelEvents.name],
    from: 'earliest',
    onBatch: async ({ records }) => {
      for (const record of records) {
        if (!broken(record)) processed.push(record)
        else {
          const failure = { code: 'event_invalid', detail: 'text: too long' } as const
          const sealing = { codec, keyring, envelopes, connectionOf }
          await producer.send([deadLetterRecord('ingest', { record, attempt: 1 }, { failure }, noon, sealing)])
        }
      }
      return undefined
    },
  })
  const clock = new FakeClock(noon, { skipSleeps: true })
  return {
    tools,
    processed,
    consumer,
    clock,
    fix: (still: typeof broken = () => false) => {
      broken = still
    },
    deliver: async (count: number, more: object = {}) => {
      const event = (n: number) => JSON.stringify({ ...messageEvent({ messageId: `m${n}` }), ...more })
      await producer.send(
        Array.from({ length: count }, (_, n) => ({
          topic: topics.channelEvents.name,
          key: `person ${n}`,
          value: Buffer.from(event(n)),
          headers: { traceparent: `trace ${n}`, attempt: '3' },
        })),
      )
      while ((await findDeadLetters(tools, noConditions)).length < count) await clock.sleep(0)
    },
    redrive: async (options = { force: false, again: false }) => {
      const selected = await findDeadLetters(tools, noConditions)
      const plan = planRedrive(selected, await readRedriven(tools), noon, options)
      return { plan, result: await runRedrive(plan.send, { ...tools, producer, clock }) }
    },
  }
}

describe('a redrive', () => {
  let world: Awaited<ReturnType<typeof openIngest>>
  beforeEach(async () => {
    world = await openIngest()
  })
  afterEach(() => world.consumer.stop())

  it('puts the record back as it was, as new, and marked', async () => {
    await world.deliver(1)
    world.fix()
    expect((await world.redrive()).result).toEqual({ redriven: 1, failedAgain: 0, pending: 0, held: 0, erased: 0 })
    const record = world.processed[0] as ConsumedRecord
    expect(JSON.parse((record.value as Buffer).toString())).toEqual(messageEvent({ messageId: 'm0' }))
    expect(record).toMatchObject({ topic: 'channel-events.v1', key: 'person 0' })
    const id = (await findDeadLetters(world.tools, noConditions))[0]?.id
    expect(record.headers).toEqual({
      traceparent: 'trace 0',
      'received-at': String(noon),
      'redrive-of': id,
      redrives: '1',
    })
  })

  it('keeps when the record was first received, whatever a header of it claims: consent is judged by that', async () => {
    const record = { topic: 'channel-events.v1', partition: 0, offset: 0n, key: null, value: null, timestamp: noon }
    const found = { id: 'x/0/0', redrives: 0 } as FoundDeadLetter
    const receivedAt = (headers: Record<string, string>) =>
      Number(asRedriven({ ...record, headers }, found).headers?.['received-at'])
    expect(receivedAt({})).toBe(noon)
    expect(receivedAt({ 'received-at': String(noon - 5) })).toBe(noon - 5)
    expect(receivedAt({ 'received-at': String(noon + 86_400_000) })).toBe(noon)
  })

  it('records what was put back, and puts it back again only when asked', async () => {
    await world.deliver(3)
    world.fix()
    await world.redrive()
    const { plan } = await world.redrive()
    expect([plan.send.length, plan.skipped.redriven, world.processed.length]).toEqual([0, 3, 3])
    await world.redrive({ force: false, again: true })
    expect(world.processed.map(({ headers }) => headers.redrives)).toEqual(['1', '1', '1', '1', '1', '1'])
  })

  it('recognises a second failure', async () => {
    await world.deliver(4)
    world.fix((record) => record.key === 'person 2')
    expect((await world.redrive()).result).toMatchObject({ redriven: 4, failedAgain: 1 })
    const again = (await findDeadLetters(world.tools, noConditions)).filter(({ redrives }) => redrives === 1)
    expect(again.map(({ code }) => code)).toEqual(['event_invalid'])
    expect((await world.redrive()).plan.skipped).toMatchObject({ redriven: 4, failed_again: 1 })
  })

  it('stops when most of a chunk fails again', async () => {
    await world.deliver(1_200)
    const { result } = await world.redrive()
    expect(result).toEqual({ redriven: 500, failedAgain: 500, pending: 0, held: 700, erased: 0 })
  })

  it('leaves out, and counts, what a trial says will fail again, unless it is forced', async () => {
    await world.deliver(2, { text: 7 })
    const tools = { ...world.tools, clock: world.clock }
    const planned = async (force: boolean) =>
      dryRunOf(await findDeadLetters(tools, noConditions), { force, again: false }, tools)
    const { send, dryRun } = await planned(false)
    expect([send.length, dryRun]).toEqual([
      0,
      {
        ...{ selected: 2, records: 0, tried: { event_invalid: 2 } },
        skipped: { never: 0, redriven: 0, failed_again: 0, failed_later: 0, claims_gone: 0, would_fail: 2 },
      },
    ])
    expect((await planned(true)).dryRun).toMatchObject({ records: 2, skipped: { would_fail: 0 } })
  })

  it('sends nothing of a connection that is disconnected: its dead letters open no more', async () => {
    const world = await openIngest()
    await world.deliver(3)
    const connection = world.tools.directory.byId('acme-wa') as ConnectionRecord
    world.tools.directory.apply('acme-wa', disconnect(connection, noon))
    world.fix()
    const { result } = await world.redrive()
    expect(result).toEqual({ redriven: 0, failedAgain: 0, pending: 0, held: 0, erased: 3 })
    expect(world.processed).toEqual([])
    const ofConnection = { ...noConditions, connection: 'acme-wa' }
    expect(await findDeadLetters(world.tools, ofConnection)).toHaveLength(3)
    expect(await openDeadLetters(world.tools, await findDeadLetters(world.tools, noConditions))).toEqual(new Map())
    await world.consumer.stop()
  })

  it('stops when the stage makes no progress for 30 s', async () => {
    await world.deliver(600)
    await world.consumer.stop()
    const startedAt = world.clock.now()
    const { result } = await world.redrive()
    expect(result).toEqual({ redriven: 500, failedAgain: 0, pending: 500, held: 100, erased: 0 })
    expect(world.clock.now() - startedAt).toBeLessThan(31_000)
  })

  it('selects by the sealed record, without revealing it', async () => {
    await world.deliver(2)
    const by = (source: string, connection: string) =>
      findDeadLetters(world.tools, { ...noConditions, source, connection })
    expect(await by('whatsapp', 'acme-wa')).toHaveLength(2)
    expect(await by('tiktok', 'acme-wa')).toHaveLength(0)
    const [found] = await by('whatsapp', 'acme-wa')
    expect(JSON.stringify(found, (_key, value) => (typeof value === 'bigint' ? Number(value) : value))).not.toMatch(
      /hola|person|5215/,
    )
    expect((await openDeadLetters(world.tools, [found as never])).get(found?.id as string)?.key).toMatch(/^person \d$/)
  })
})
