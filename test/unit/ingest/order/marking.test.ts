import { markingUnordered } from '../../../../services/ingest/order/marking.ts'
import { ConnectionWays, eventTimes } from '../../../../services/ingest/order/ways.ts'
import type { Outcome } from '../../../../services/runtime/batch/outcome.ts'
import type { ConsumedRecord } from '../../../../services/runtime/ports.ts'
import type { MessageEvent } from '../../../../services/shared/model/message-event.ts'
import { connectionRecord, messageEvent, noon } from '../../../support/builders.ts'
import { openIngest } from '../../../support/ingest-world.ts'
import { MemoryRedis } from '../../../support/memory-redis.ts'

const hour = 3_600_000
const day = 24 * hour

const open = async (shared = { redis: new MemoryRedis() }) => {
  const world = await openIngest()
  let now = noon
  let reads = 0
  const { redis } = shared
  const counting = {
    getMany: (keys: readonly string[]) => {
      reads++
      return redis.getMany(keys)
    },
    setMany: redis.setMany.bind(redis),
  } as unknown as MemoryRedis
  const ways = new ConnectionWays(counting, { now: () => now })
  const stage = markingUnordered(world.stage, ways, world.directory)
  let n = 0
  /** Whether the message of each record is marked; undefined: nothing came of it. */
  const isMarked = async (...records: ConsumedRecord[]): Promise<(boolean | undefined)[]> => {
    const inputs = records.map((record) => ({ value: stage.decode(record), record, attempt: 1 }))
    const { outcomes } = stage.decide(inputs, { state: await stage.load(inputs, now), now })
    return outcomes.map((parts) => {
      const [first] = [parts].flat() as Outcome[]
      return first?.kind === 'forwarded' ? first.records[0]?.headers?.unordered === '1' : undefined
    })
  }
  const event = (fields: Partial<MessageEvent> = {}) => messageEvent({ messageId: `m-${++n}`, ...fields })
  const byKafka = (key: string | null, fields: Partial<MessageEvent> = {}) =>
    world.recordOf({ key, value: Buffer.from(JSON.stringify(event(fields))) })
  const byGateway = (fields: Partial<MessageEvent> = {}) => {
    const record = byKafka('a pseudonym', fields)
    return {
      ...record,
      headers: { ...record.headers, 'verified-by': 'token:1', 'verified-account': event().accountId },
    }
  }
  const spread = (fields: Partial<MessageEvent> = {}) => {
    const record = byGateway(fields)
    return { ...record, headers: { ...record.headers, 'ordered-by': 'conversation' } }
  }
  const { accountId, conversationId } = event()
  const pass = (ms: number) => {
    now += ms
  }
  /** A connection that has used one way for longer than an hour. */
  const old = async (record: ConsumedRecord) => {
    await isMarked(record)
    pass(2 * hour)
  }
  return { isMarked, byKafka, byGateway, spread, accountId, conversationId, pass, old, redis, reads: () => reads }
}

describe('the mark of an unordered message', () => {
  it('is on each message without a key', async () => {
    const { isMarked, byKafka, old } = await open()
    await old(byKafka(null))
    expect(await isMarked(byKafka(null), byKafka('anything'))).toEqual([true, true])
  })

  it('is on none of a connection that uses one way alone', async () => {
    for (const way of ['gateway', 'account', 'conversation'] as const) {
      const { isMarked, byKafka, byGateway, accountId, conversationId, old } = await open()
      const write = () => (way === 'gateway' ? byGateway() : byKafka(way === 'account' ? accountId : conversationId))
      await old(write())
      expect(await isMarked(write(), write())).toEqual([false, false])
    }
  })

  it('is on both ways of a connection that uses two, also in the batch that shows it', async () => {
    const { isMarked, byKafka, byGateway, accountId, old } = await open()
    await old(byGateway())
    expect(await isMarked(byGateway(), byKafka(accountId))).toEqual([true, true])
    expect(await isMarked(byGateway())).toEqual([true])
  })

  it('is on the first messages by Kafka of a new connection, since its referrals may come over HTTP', async () => {
    const { isMarked, byKafka, accountId } = await open()
    const first = await isMarked(...Array.from({ length: 250 }, () => byKafka(accountId)))
    expect(first.filter(Boolean)).toHaveLength(200)
    const second = await open()
    expect(await second.isMarked(second.byKafka(accountId))).toEqual([true])
    second.pass(hour)
    expect(await second.isMarked(second.byKafka(accountId))).toEqual([false])
    const third = await open()
    expect(await third.isMarked(third.byGateway())).toEqual([false])
  })

  it('is on deliveries of an account that is spread only where some lie under the account: they hold several conversations', async () => {
    const { isMarked, byGateway, spread, pass } = await open()
    expect(await isMarked(spread(), spread())).toEqual([false, false])
    pass(hour)
    expect(await isMarked(spread(), byGateway())).toEqual([true, true])
    expect(await isMarked(spread())).toEqual([true])
  })

  it('counts a spread account’s deliveries as coming over HTTP', async () => {
    const { isMarked, spread, redis } = await open()
    await isMarked(spread())
    expect(await eventTimes(connectionRecord().connectionId, redis)).toEqual({
      ...{ since: noon, lastByHttp: noon, lastByKafka: null },
    })
  })

  it('is on inbound messages only: nothing else starts a conversation', async () => {
    const { isMarked, byKafka } = await open()
    const records = [
      byKafka(null, { direction: 'outbound' }),
      byKafka(null, { kind: 'edit' }),
      byKafka(null, { backfill: true }),
    ]
    expect(await isMarked(...records)).toEqual([false, false, false])
  })

  it('is known within ten seconds to a process that has seen only one of the ways', async () => {
    const shared = { redis: new MemoryRedis() }
    const one = await open(shared)
    const other = await open(shared)
    await one.old(one.byGateway())
    await other.old(other.byKafka(other.accountId))
    await one.isMarked(one.byGateway())
    expect(await other.isMarked(other.byKafka(other.accountId))).toEqual([true])
    expect(await one.isMarked(one.byGateway())).toEqual([true])
  })

  it('ends a week after the second way was last used', async () => {
    const { isMarked, byKafka, byGateway, accountId, pass } = await open()
    await isMarked(byGateway(), byKafka(accountId))
    pass(6 * day)
    expect(await isMarked(byGateway())).toEqual([true])
    pass(2 * day)
    expect(await isMarked(byGateway())).toEqual([false])
  })

  it('asks Redis at most every ten seconds', async () => {
    const { isMarked, byKafka, accountId, pass, reads } = await open()
    for (let batch = 0; batch < 20; batch++) await isMarked(byKafka(accountId))
    expect(reads()).toBe(1)
    pass(10_000)
    await isMarked(byKafka(accountId))
    expect(reads()).toBe(2)
  })
})
