import { ingestPosition } from '../../../services/attribution/ingest-position.ts'
import { DependencyError, type PartitionOffsets } from '../../../services/runtime/ports.ts'
import { attributionWorld, type MessageFields } from '../../support/attribution-world.ts'
import { noon } from '../../support/builders.ts'

const second = 1_000
const start = 'aaaa'.padEnd(32, '0')

/** Messages that ingest has marked as unordered. `passedAt`: when ingest has passed all that was written before them, ms. */
const world = async (passedAt: number, connection: Parameters<typeof attributionWorld>[0] = {}) => {
  let asked = 0
  const it: Awaited<ReturnType<typeof attributionWorld>> = await attributionWorld(connection, {
    isUnordered: true,
    ingestPosition: async (times) => {
      asked++
      return it.now - noon >= passedAt ? Math.max(...times) : 0
    },
  })
  const referral = (at: number, fields: MessageFields = {}) =>
    it.messageAt(at, { kind: 'referral', referral: { adId: '178' }, ...fields })
  const brief = () => it.attributed.map(({ trackingId, startsConversation }) => [trackingId, startsConversation])
  return Object.assign(it, { referral, brief, asked: () => asked })
}

describe('the start of a conversation whose events come by two ways', () => {
  it('is credited to a referral that ingest reads after it', async () => {
    const it = await world(9 * second)
    await it.run(it.messageAt(0, { message: start }))
    await it.advanceTo(8 * second)
    expect(it.brief()).toEqual([])
    await it.run(it.referral(-500, { receivedAt: it.now }))
    await it.advanceTo(10 * second)
    expect(it.brief()).toEqual([['178', true]])
  })

  it('is released when ingest has passed what was written before, and what it published is processed', async () => {
    const it = await world(4 * second)
    await it.run(it.messageAt(0, { message: start }))
    await it.advanceTo(3.9 * second)
    expect(it.brief()).toEqual([])
    await it.advanceTo(6 * second)
    expect(it.brief()).toEqual([[null, true]])
    expect(it.deferred).toBe(0)
  })

  it('waits no longer than the connection’s wait, however far ingest is behind', async () => {
    const it = await world(Number.POSITIVE_INFINITY, { attributionWaitSeconds: null })
    await it.run(it.messageAt(0, { message: start }))
    await it.advanceTo(29 * second)
    expect(it.brief()).toEqual([])
    await it.advanceTo(31 * second)
    expect(it.brief()).toEqual([[null, true]])
  })

  it('waits in a backlog too, where the message is older than the wait', async () => {
    const it = await world(9 * second)
    await it.run(it.messageAt(-600 * second, { message: start }))
    await it.advanceTo(8 * second)
    await it.run(it.referral(-601 * second))
    await it.advanceTo(11 * second)
    expect(it.brief()).toEqual([['178', true]])
  })

  it('waits for nothing when its referral is there, and asks nothing', async () => {
    const it = await world(Number.POSITIVE_INFINITY)
    await it.run(it.referral(-500), it.messageAt(0, { message: start }), it.messageAt(500))
    expect(it.brief()).toEqual([
      ['178', true],
      ['178', false],
    ])
    expect(it.asked()).toBe(0)
  })

  it('waits for nothing on a connection with attributionWaitSeconds 0', async () => {
    const it = await world(Number.POSITIVE_INFINITY, { attributionWaitSeconds: 0 })
    await it.run(it.messageAt(0, { message: start }))
    expect(it.brief()).toEqual([[null, true]])
  })

  it('waits its whole time on a source whose referrals come later than messages', async () => {
    const it = await world(0)
    await it.run(it.messageAt(0, { message: start, referralsApart: true }))
    await it.advanceTo(25 * second)
    expect(it.brief()).toEqual([])
  })
})

describe('how far ingest is', () => {
  const partition = (n: number, committed: bigint | null, high: bigint): PartitionOffsets => ({
    ...{ partition: n, low: 0n, high, committed },
  })
  /** In partition 0 a record each second from noon on, in partition 1 none. */
  const broker = (partitions: readonly PartitionOffsets[]) => ({
    progress: async () => [partitions],
    offsetsAt: async (_topic: string, time: number) => {
      const offset = BigInt(Math.max(0, Math.ceil((time - noon) / second)))
      return new Map([
        [0, offset < 10n ? offset : 10n],
        [1, 0n],
      ])
    },
  })
  const times = [noon + 500, noon + 3_500, noon + 6_500, noon + 60_000]

  it('is the latest time before which nothing is left in any partition, also where one is idle', async () => {
    expect(await ingestPosition(broker([partition(0, 5n, 10n), partition(1, null, 0n)]))(times)).toBe(noon + 3_500)
    expect(await ingestPosition(broker([partition(0, 10n, 10n), partition(1, 0n, 0n)]))(times)).toBe(noon + 60_000)
    expect(await ingestPosition(broker([partition(0, null, 10n), partition(1, null, 0n)]))(times)).toBe(0)
  })

  it('is unknown where Kafka refuses to tell', async () => {
    const progress = async () => Promise.reject(new DependencyError('kafka', 'GROUP_AUTHORIZATION_FAILED'))
    expect(await ingestPosition({ ...broker([]), progress })(times)).toBe(0)
  })
})
