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
