import { openContactThreads } from '../../services/ingest/contacts/contact-threads.ts'
import { openRedis } from '../../services/runtime/adapters/redis.ts'
import type { RedisCommands } from '../../services/runtime/ports.ts'
import { RedisHourBuckets } from '../../services/runtime/time-buckets/hour-buckets.ts'
import { hourBucketsContract } from '../support/hour-buckets.contract.ts'
import { realParts } from '../support/real-parts.ts'

let redis: RedisCommands
let n = 0
beforeAll(() => {
  redis = openRedis(realParts().redis)
})
afterAll(() => redis.close())

hourBucketsContract(
  'Redis',
  async (options) => new RedisHourBuckets(redis, { prefix: `it-${process.pid}-${n++}`, ttlSeconds: 60, ...options }),
)

describe('claims of two maps in one call', () => {
  it('are kept apart, and answered in the order of their entries', async () => {
    const open = (hours: number) =>
      new RedisHourBuckets(redis, { prefix: `it-both-${process.pid}-${n++}`, ttlSeconds: 60, hours })
    const [one, other] = [open(1), open(48)]
    const at = Date.UTC(2026, 10, 23, 12)
    const entry = (id: number, value: string) => {
      const hash = Buffer.alloc(8)
      hash.writeUInt32BE(id, 4)
      return { at, hash, value: Buffer.from(value) }
    }
    const firsts = Array.from({ length: 40 }, (_, id) => entry(id, `a${id}`))
    const others = Array.from({ length: 40 }, (_, id) => entry(id, `b${id}`))
    const values = (entries: readonly { value: Buffer }[]) => entries.map(({ value }) => value)
    expect(await one.claimWith(firsts, other, others)).toEqual([values(firsts), values(others)])
    const late = [entry(7, 'late'), entry(70, 'new')]
    expect(await one.claimWith(late, other, late)).toEqual([
      [Buffer.from('a7'), Buffer.from('new')],
      [Buffer.from('b7'), Buffer.from('new')],
    ])
  })
})

describe("a contact's conversation", () => {
  const contact = (id: number) => `${(id % 16).toString(16)}${`${id}0${n}${process.pid}`.padEnd(31, '0')}`
  const note = (id: number, conversation: string, at: number) => ({
    ...{ contact: contact(id), conversation: conversation.padStart(32, '0'), channel: 'whatsapp' as const, at },
  })

  it('is the one of its latest message, in whatever order and batch they come', async () => {
    n++
    const threads = openContactThreads(redis)
    const noon = Date.UTC(2026, 10, 23, 12)
    // Times whose bytes pass 0x7f and 0x00, where an order of letters and one of bytes differ.
    const times = [noon, noon + 0x7f, noon + 0x80, noon + 0xff, noon + 0x100, noon + 0x10000].sort((a, b) => a - b)
    const ids = Array.from({ length: 40 }, (_, id) => id)
    const late = (at: number) => ids.map((id) => note(id, at === times.at(-1) ? 'a1' : 'b2', at))
    for (const at of [times[2], times[0], times[5], times[1], times[4], times[3]])
      await threads.note(late(at as number))
    const found = await threads.find([...ids.map(contact), contact(99)])
    expect(found.slice(0, 40)).toEqual(ids.map(() => ({ conversation: 'a1'.padStart(32, '0'), channel: 'whatsapp' })))
    expect(found[40]).toBeNull()
  })

  it('is the same for two messages of one time, whichever comes first', async () => {
    n++
    const threads = openContactThreads(redis)
    const [a, b] = [note(1, 'aa', 5), note(1, 'bb', 5)]
    const [c, d] = [note(2, 'aa', 5), note(2, 'bb', 5)]
    for (const one of [a, b, d, c]) await threads.note([one])
    const found = await threads.find([contact(1), contact(2)])
    expect(found[0]).toEqual(found[1])
  })
})
