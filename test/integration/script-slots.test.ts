/**
 * A server that owns all slots of a cluster and is addressed as one server, as a proxy before a cluster is: it refuses a script with keys of
 * several slots.
 */
import { openContactThreads } from '../../services/ingest/contacts/contact-threads.ts'
import { openRedis } from '../../services/runtime/adapters/redis.ts'
import type { RedisCommands } from '../../services/runtime/ports.ts'
import { SlotsApart } from '../../services/runtime/script-slots.ts'
import { RedisHourBuckets } from '../../services/runtime/time-buckets/hour-buckets.ts'
import { noon } from '../support/builders.ts'
import { hourBucketsContract } from '../support/hour-buckets.contract.ts'
import { RedisServer, startWithSlots } from '../support/redis-servers.ts'

const entries = Array.from({ length: 64 }, (_, n) => {
  const hash = Buffer.alloc(8)
  hash.writeUInt32BE(n)
  hash[7] = n
  return { at: noon, hash, value: Buffer.from(`value ${n}`) }
})

/** Scripts that ran since the last question. */
const scriptsRun = async (server: RedisServer): Promise<number> => {
  const stats = String(await server.command('INFO', 'commandstats'))
  await server.command('CONFIG', 'RESETSTAT')
  return [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+).*?failed_calls=(\d+)/g)].reduce(
    (sum, [, calls, failed]) => sum + Number(calls) - Number(failed),
    0,
  )
}

describe('a server with slots of a cluster', () => {
  let server: RedisServer
  let redis: RedisCommands
  let n = 0
  const open = () => new RedisHourBuckets(redis, { prefix: `slots-${n++}`, ttlSeconds: 60 })

  beforeAll(async () => {
    server = await startWithSlots()
    redis = openRedis(server.url)
  })
  afterAll(async () => {
    await redis.close()
    await server.stop()
  })

  it('says that the keys of a script are in several slots', async () => {
    const source = { name: 'both', source: 'return #KEYS' }
    await expect(redis.evalMany(source, [{ keys: ['{1}a', '{2}a'], args: [] }])).rejects.toBeInstanceOf(SlotsApart)
  })

  hourBucketsContract(
    'a server with slots of a cluster',
    async (options) => new RedisHourBuckets(redis, { prefix: `slots-${n++}`, ttlSeconds: 60, ...options }),
  )

  it('gets a call for each hash tag, and is asked only once for fewer', async () => {
    const buckets = open()
    await buckets.write(entries.slice(0, 1))
    await scriptsRun(server)
    await buckets.write(entries)
    expect(await scriptsRun(server)).toBe(16)
    expect(await buckets.read(entries)).toEqual(entries.map(({ value }) => value))
    expect(await scriptsRun(server)).toBe(16)
  })

  it('keeps the conversations of contacts of several slots', async () => {
    const threads = openContactThreads(redis)
    const contacts = [...'0123456789abcdef'].map((digit) => digit.padEnd(32, '7'))
    await threads.note(contacts.map((contact) => ({ contact, conversation: contact, channel: 'whatsapp', at: noon })))
    for (const contact of contacts)
      expect(await threads.find([contact])).toEqual([{ conversation: contact, channel: 'whatsapp' }])
  })
})

describe('one server', () => {
  it('gets one call for entries of all hash tags, and one for each 500', async () => {
    const server = await RedisServer.start()
    const redis = openRedis(server.url)
    try {
      const buckets = new RedisHourBuckets(redis, { prefix: 'one', ttlSeconds: 60 })
      await buckets.write(entries.slice(0, 1))
      await scriptsRun(server)
      await buckets.write(entries)
      expect(await scriptsRun(server)).toBe(1)
      expect(await buckets.read(entries)).toEqual(entries.map(({ value }) => value))
      const many = Array.from({ length: 501 }, (_, at) => ({ ...(entries[at % 64] as (typeof entries)[0]), at }))
      await scriptsRun(server)
      await buckets.read(many)
      expect(await scriptsRun(server)).toBe(2)
    } finally {
      await redis.close()
      await server.stop()
    }
  })
})
