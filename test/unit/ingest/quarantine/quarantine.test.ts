import { AccountFailures } from '../../../../services/ingest/quarantine/account-failures.ts'
import { AccountQuarantine } from '../../../../services/ingest/quarantine/quarantine.ts'
import {
  quarantinedAccounts,
  removeFromQuarantine,
} from '../../../../services/ingest/quarantine/quarantined-accounts.ts'
import { createLoop } from '../../../../services/runtime/batch/loop.ts'
import { deadLetter } from '../../../../services/runtime/batch/outcome.ts'
import { DependencyError } from '../../../../services/runtime/ports.ts'
import { consumedRecord, recordBatch } from '../../../support/builders.ts'
import { signals, textStage, world } from '../../../support/loop-world.ts'
import { MemoryRedis } from '../../../support/memory-redis.ts'

/** A stage that fails at the text `broken`, with a quarantine at ten failures in a row. */
const openWorld = async () => {
  const { tools, sent, codec, clock, health } = await world()
  const redis = new MemoryRedis()
  let isRefused = false
  const quarantine = new AccountQuarantine(
    { run: 10, window: 40 },
    { redis, codec, clock, metrics: tools.metrics, log: tools.log, isRefused: () => isRefused },
  )
  const stage = textStage((text) => (text === 'broken' ? deadLetter('event_invalid', 'text') : signals('1')))
  const loop = createLoop(
    { ...stage, quarantine },
    { ...tools, limits: { run: 400, ratio: 0.5, window: 100_000 }, sliceRecords: 20 },
  )
  let offset = 0n
  const records = (text: string, count: number, account: string | null, source = 'echo') =>
    Array.from({ length: count }, () =>
      consumedRecord({
        topic: 'signals.v1',
        offset: offset++,
        value: Buffer.from(text),
        headers: { source, ...(account === null ? {} : { account }) },
      }),
    )
  const process = async (all: ReturnType<typeof records>) => {
    sent.length = 0
    await loop(recordBatch(all))
    const counts: Record<string, number> = {}
    for (const { topic } of sent.flat()) counts[topic] = (counts[topic] ?? 0) + 1
    return counts
  }
  const refuse = () => {
    isRefused = true
  }
  return { refuse, process, records, redis, quarantine, health, sent, codec }
}
const aside = 'channel-events.ingest.quarantine.v1'
const dead = 'signals.dispatch.dead.v1'

describe('an account whose records fail', () => {
  it('is the same account by HTTP, where the body is sealed, and by Kafka', async () => {
    const { process, records, quarantine } = await openWorld()
    await process(records('broken', 20, 'bad', 'shop'))
    const byHttp = (eventSource: string) =>
      consumedRecord({
        headers: { source: 'message-event', 'verified-account': 'bad', sealed: 'k', 'event-source': eventSource },
      })
    expect(['shop', 'other', 'no name'].map((source) => quarantine.holds(byHttp(source)))).toEqual([
      'shop/bad',
      null,
      null,
    ])
  })

  it('is put aside, and all others go on', async () => {
    const { process, records, redis, sent, codec } = await openWorld()
    expect(await process(records('broken', 5_000, 'bad'))).toEqual({ [dead]: 20, [aside]: 4_980 })
    expect(await quarantinedAccounts(redis)).toMatchObject([{ account: 'echo/bad', why: '10 records in a row failed' }])
    expect(await process([...records('fine', 3, 'bad'), ...records('fine', 3, 'good')])).toEqual({
      [aside]: 3,
      'signals.v1': 3,
    })
    expect(codec.decodeDeadLetter(sent.flat().find(({ topic }) => topic === aside)?.value ?? null)).toMatchObject({
      code: 'quarantined',
      detail: 'echo/bad',
    })
  })

  it('is told by what was proven, not by what another header claims', async () => {
    const { process, records } = await openWorld()
    const forged = records('broken', 30, 'good').map((record) => ({
      ...record,
      headers: { ...record.headers, 'verified-account': 'bad' },
    }))
    await process(forged)
    expect(await process(records('fine', 1, 'good'))).toEqual({ 'signals.v1': 1 })
  })

  it('is not put aside once its consent has ended: nothing of it is kept', async () => {
    const { process, records, refuse } = await openWorld()
    await process(records('broken', 30, 'bad'))
    refuse()
    expect(await process(records('fine', 1, 'bad'))).toEqual({ 'signals.v1': 1 })
  })

  it('goes on once it is released', async () => {
    const { process, records, redis, quarantine } = await openWorld()
    await process(records('broken', 30, 'bad'))
    await removeFromQuarantine(redis, 'echo/bad')
    await quarantine.refresh()
    expect(await process(records('fine', 2, 'bad'))).toEqual({ 'signals.v1': 2 })
    expect(await process(records('broken', 9, 'bad'))).toEqual({ [dead]: 9 })
  })

  it('stays aside while Redis is away', async () => {
    const { process, records, redis, quarantine } = await openWorld()
    const { evalMany } = redis
    redis.evalMany = async () => {
      throw new DependencyError('redis', 'away')
    }
    await process(records('broken', 30, 'bad'))
    expect(await process(records('fine', 1, 'bad'))).toEqual({ [aside]: 1 })
    redis.evalMany = evalMany
    await quarantine.refresh()
    expect(await quarantinedAccounts(redis)).toHaveLength(1)
  })

  it('that names no account has a quarantine by its source', async () => {
    const { process, records, redis } = await openWorld()
    await process(records('broken', 30, null))
    expect(await quarantinedAccounts(redis)).toMatchObject([{ account: 'echo/' }])
    expect(await process([...records('fine', 1, null), ...records('fine', 1, null, 'other')])).toEqual({
      [aside]: 1,
      'signals.v1': 1,
    })
  })

  it('halts the stage together with many others only', async () => {
    const { process, records } = await openWorld()
    const failing = Array.from({ length: 60 }, (_, n) => records('broken', 9, `shop-${n}`)).flat()
    await expect(process(failing)).rejects.toThrow('dead-letter limit reached: 400 in a row')
  })
})

describe('failures of accounts', () => {
  it('count in a row, and by their share', () => {
    const inRow = new AccountFailures({ run: 3, window: 1_000 })
    expect([true, true, false, true, true, true].map((failed) => inRow.count('a', failed))).toEqual([
      null,
      null,
      null,
      null,
      null,
      '3 records in a row failed',
    ])
    const share = new AccountFailures({ run: 100, window: 10 })
    const pattern = [true, true, false, true, true, false, true, true, false, true]
    expect(pattern.map((failed) => share.count('a', failed)).at(-1)).toBe('70 % of 10 records failed')
  })

  it('of accounts without any take no memory', () => {
    const failures = new AccountFailures({ run: 3, window: 10 })
    for (let n = 0; n < 10; n++) failures.count(`shop-${n}`, false)
    expect(failures.isEmpty).toBe(true)
  })
})
