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
