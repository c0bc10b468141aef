/**
 * `make memory`: memory of a million dedup keys and of a million conversations in a real Redis, by its `used_memory` before and
 * after, for several loads. Exits with 1 where a figure exceeds its limit: 32 bytes per key, 160 per conversation.
 *
 *   node test/bench/memory.ts [--count 1000000]
 */
import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { dedupWindowMs } from '../../services/ingest/identity.ts'
import { openRedis } from '../../services/runtime/adapters/redis.ts'
import type { RedisCommands } from '../../services/runtime/ports.ts'
import { RedisHourBuckets } from '../../services/runtime/time-buckets/hour-buckets.ts'
import { pack } from '../../services/shared/conversations/pack.ts'
import { type ConversationState, emptyState } from '../../services/shared/conversations/state.ts'
import { RedisConversationStore } from '../../services/shared/conversations/store.ts'
import { RedisServer } from '../support/redis-servers.ts'

const { values } = parseArgs({ options: { count: { type: 'string', default: '1000000' } } })
const count = Number(values.count)
const limits = { key: 32, conversation: 160 }
const slice = 10_000
const hourMs = 3_600_000
const noon = Date.UTC(2026, 10, 23, 12)
const print = (line: string) => process.stdout.write(`${line}\n`)

const hashOf = (n: number) => createHash('sha256').update(String(n)).digest()

const inSlices = async (work: (from: number, to: number) => Promise<unknown>) => {
  for (let from = 0; from < count; from += slice) await work(from, Math.min(count, from + slice))
}

/** Claims as ingest makes them. */
const dedupKeys = (perHour: number) => async (redis: RedisCommands) => {
  const buckets = new RedisHourBuckets(redis, { prefix: 'dedup', ttlSeconds: dedupWindowMs / 1000 })
  await inSlices((from, to) =>
    buckets.claim(
      Array.from({ length: to - from }, (_, n) => ({
        at: noon + Math.floor((from + n) / perHour) * hourMs,
        hash: hashOf(from + n).subarray(0, 8),
        value: hashOf(from + n).subarray(8, 16),
      })),
    ),
  )
}

const idOf = (n: number) => hashOf(n).toString('hex').slice(0, 12)

/** A conversation of `messages` within the first minutes, with or without a touch. */
const conversation = (n: number, messages: number, trackingId: string | null): ConversationState => {
  const firstMessages = Array.from({ length: messages }, (_, m) => ({
    message: idOf(n * 7 + m),
    occurredAt: noon + n * 10 + m * 97_003,
  }))
  const [first] = firstMessages
  return {
    ...emptyState,
    startedBy: first?.message ?? null,
    startedAt: first?.occurredAt ?? null,
    firstMessages,
    touches:
      trackingId === null
        ? []
        : [{ occurredAt: (first?.occurredAt ?? noon) - 2_417, trackingId, message: null, within: 0 }],
    lastAt: first?.occurredAt ?? null,
    version: messages,
  }
}

const conversations = (state: (n: number) => ConversationState) => async (redis: RedisCommands) => {
  const store = new RedisConversationStore(redis, 35 * 86_400)
  await inSlices((from, to) =>
    store.write(
      Array.from({ length: to - from }, (_, n) => ({
        conversation: hashOf(from + n)
          .toString('hex')
          .slice(0, 32),
        state: state(from + n),
        basedOn: 0,
      })),
    ),
  )
}

const adId = (n: number) => `17${String(10 ** 16 + n * 7_919)}`
const click = (n: number) => `E.C.P.${hashOf(n).toString('base64url')}${hashOf(n + 1).toString('base64url')}`

/** limit: bytes each that must hold; null: for information. */
const measurements: readonly {
  readonly what: string
  readonly limit: number | null
  readonly fill: (redis: RedisCommands) => Promise<void>
}[] = [
  { what: 'dedup keys, 40,000 an hour', limit: limits.key, fill: dedupKeys(40_000) },
  { what: 'dedup keys, 150,000 an hour', limit: limits.key, fill: dedupKeys(150_000) },
  { what: 'dedup keys, 450,000 an hour', limit: limits.key, fill: dedupKeys(450_000) },
  { what: 'dedup keys, 10,000 an hour', limit: null, fill: dedupKeys(10_000) },
  {
    what: 'conversations without a touch, three messages',
    limit: limits.conversation,
    fill: conversations((n) => conversation(n, 3, null)),
  },
  {
    what: 'conversations from an ad, three messages',
    limit: limits.conversation,
    fill: conversations((n) => conversation(n, 3, adId(n))),
  },
  {
    what: 'conversations with a click id of 92 characters',
    limit: null,
    fill: conversations((n) => conversation(n, 3, click(n))),
  },
]

const infoOf = async (): Promise<string> => {
  const server = await RedisServer.startOwn()
  try {
    return (await server.command('INFO')) as string
  } finally {
    await server.stop()
  }
}
const info = await infoOf()
const of = (field: string) => new RegExp(`${field}:(\\S+)`).exec(info)?.[1]
print(
  `Redis ${of('redis_version')} with ${of('mem_allocator')}, ${count.toLocaleString('en')} of each, bytes of used_memory each\n`,
)
for (const { what, limit, fill } of measurements) {
  const server = await RedisServer.startOwn()
  const redis = openRedis(server.url)
  try {
    await redis.ping()
    const before = await server.usedMemory()
    await fill(redis)
    const each = ((await server.usedMemory()) - before) / count
    const over = limit !== null && each > limit
    if (over) process.exitCode = 1
    print(
      `${what.padEnd(50)}${each.toFixed(1).padStart(7)}${limit === null ? '' : `   limit ${limit}${over ? '   OVER' : ''}`}`,
    )
  } finally {
    await redis.close()
    await server.stop()
  }
}
print(
  `\na packed state: ${pack(conversation(1, 3, adId(1))).length} bytes with an ad, ${pack(conversation(1, 3, null)).length} without`,
)
