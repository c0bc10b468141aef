import { openClaims } from '../../services/ingest/claims/claims.ts'
import { openRedis } from '../../services/runtime/adapters/redis.ts'
import { toRedisSettings } from '../../services/runtime/adapters/redis-settings.ts'
import type { RedisCommands } from '../../services/runtime/ports.ts'
import { RedisHourBuckets } from '../../services/runtime/time-buckets/hour-buckets.ts'
import { forgetOffsets } from '../../services/tools/backup/forget-offsets.ts'
import { topics } from '../../services/topology.ts'
import { realParts } from '../support/real-parts.ts'

let redis: RedisCommands
beforeAll(() => {
  redis = openRedis(toRedisSettings({ KAFKA_TOPIC_PREFIX: `it-offsets-${process.pid}-` }, realParts().redis))
})
afterAll(() => redis.close())

const at = Date.UTC(2026, 10, 23, 12)
const entry = (id: number, value: string) => {
  const hash = Buffer.alloc(8)
  hash.writeUInt32BE(id, 4)
  return { at, hash, value: Buffer.from(value) }
}
const key = (name: string) => ({ key: name, value: Buffer.from('1 a 7'), ttlSeconds: 60 })
const broker = { listTopics: async () => [{ name: topics.channelEvents.name, partitions: 2, config: {} }] }

it('forgets what names offsets of a lost Kafka, and keeps what was sent', async () => {
  const claims = openClaims(redis)
  const sent = new RedisHourBuckets(redis, { prefix: 'sent', ttlSeconds: 60 })
  const marks = (holder: string) => ({
    event: [entry(1, holder), entry(2, holder)],
    crossSource: [entry(1, holder)],
  })
  await claims.claim(marks('lost'))
  await sent.write([entry(1, 'sent')])
  const checkpoints = ['{0}checkpoint:ingest:0', '{f}checkpoint:attribution:1', '{15}checkpoint:signals.v1:5']
  const notes = [0, 1].map((partition) => `work:ingest:${topics.channelEvents.name}/${partition}`)
  await redis.setMany([...checkpoints, ...notes, '{f}state'].map(key))

  expect(await forgetOffsets(broker, redis)).toBe(2)

  const now = Buffer.from('new')
  expect(await claims.claim(marks('new'))).toEqual({ event: [now, now], crossSource: [now] })
  expect(await redis.getMany(checkpoints)).toEqual([null, null, null])
  for (const note of await redis.getMany(notes)) expect(note ?? Buffer.alloc(0)).toHaveLength(0)
  expect(await redis.getMany(['{f}state'])).toEqual([Buffer.from('1 a 7')])
  expect(await sent.read([entry(1, '')])).toEqual([Buffer.from('sent')])
})
