/**
 * What processes say of themselves in Redis every few seconds, so that others know them wherever they run. A hash per process name,
 * `{heartbeat}:ingest`, with a field per instance. Times are those of Redis: hosts need no common clock.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { stageNames } from '../../topology.ts'
import type { RedisCommands, RedisScript } from '../ports.ts'

export const processNames = [...stageNames, 'control'] as const
export type ProcessName = (typeof processNames)[number]

export const heartbeatIntervalMs = 5_000
/** Three heartbeats are missing: an instance that does not answer either is down. */
export const silentAfterMs = 15_000
/** From here on the other instances of its stage drop an instance. The last of a stage stays, so that its absence is seen. */
const droppedAfterMs = 60_000
const keptMs = 24 * 3_600_000

const heartbeat = z.object({
  /** Another one for each process of a stage. */
  instance: z.string(),
  stage: z.enum(processNames),
  version: z.string(),
  /** URL of its /metrics. */
  address: z
    .string()
    .regex(/^https?:\/\/\S+\/metrics$/)
    .refine(URL.canParse),
  host: z.string(),
  pid: z.number().int(),
  /** Its start by its own clock, ms. */
  since: z.number(),
  /** Assigned to its consumers, by topic; none for a process that consumes nothing. */
  partitions: z.record(z.string(), z.array(z.number().int())),
  /** That it knows STATUS_TOKEN, which only such a process is sent; null: it has none. */
  proof: z.string().nullable(),
})
export type Heartbeat = Readonly<z.output<typeof heartbeat>>

export interface HeardProcess extends Heartbeat {
  /** For how long it has said nothing, ms. */
  readonly silentMs: number
}

const heard = heartbeat.extend({ at: z.number() })

const script = (name: string, source: string): RedisScript => ({ name, source })
const writeScript = script(
  'heartbeat-write',
  `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('{"at":%d,', now) .. string.sub(ARGV[2], 2))
local all = redis.call('HGETALL', KEYS[1])
for n = 2, #all, 2 do
  local at = tonumber(string.match(all[n], '^{"at":(%d+)'))
  if not at or now - at > tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], all[n - 1]) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])`,
)
const removeScript = script('heartbeat-remove', "return redis.call('HDEL', KEYS[1], ARGV[1])")
const readScript = script(
  'heartbeat-read',
  `local time = redis.call('TIME')
return { time[1], time[2], redis.call('HGETALL', KEYS[1]) }`,
)

type Redis = Pick<RedisCommands, 'evalMany'>
const keyOf = (name: ProcessName) => `{heartbeat}:${name}`

/** @throws DependencyError */
export const writeHeartbeat = async (redis: Redis, one: Heartbeat): Promise<void> => {
  const args = [one.instance, JSON.stringify(one), droppedAfterMs, keptMs]
  await redis.evalMany(writeScript, [{ keys: [keyOf(one.stage)], args }])
}

/** @throws DependencyError */
export const removeHeartbeat = async (
  redis: Redis,
  { stage, instance }: Pick<Heartbeat, 'stage' | 'instance'>,
): Promise<void> => {
  await redis.evalMany(removeScript, [{ keys: [keyOf(stage)], args: [instance] }])
}

const parsed = (text: string): z.output<typeof heard> | null => {
  try {
    return heard.safeParse(JSON.parse(text)).data ?? null
  } catch {
    // Of a later version, or not a heartbeat.
    return null
  }
}

/** All instances, newest first within a stage. @throws DependencyError */
export const readHeartbeats = async (redis: Redis): Promise<readonly HeardProcess[]> => {
  const answers = await redis.evalMany(
    readScript,
    processNames.map((name) => ({ keys: [keyOf(name)], args: [] })),
  )
  return answers.flatMap((answer, n) => {
    const [seconds, micros, fields] = answer as readonly [unknown, unknown, readonly unknown[]]
    const now = Number(String(seconds)) * 1000 + Math.floor(Number(String(micros)) / 1000)
    return fields
      .filter((_, index) => index % 2 === 1)
      .map((value) => parsed(String(value)))
      .filter((one) => one !== null && one.stage === processNames[n])
      .sort((a, b) => (b?.at ?? 0) - (a?.at ?? 0))
      .map((one) => {
        const { at, ...rest } = one as z.output<typeof heard>
        return { ...rest, silentMs: Math.max(0, now - at) }
      })
  })
}

/** Shows at this address that its process knows the token. @param tokens the first of them counts; none: null */
export const proofOf = (address: string, [token]: readonly string[]): string | null =>
  token === undefined ? null : createHmac('sha256', token).update(`heartbeat\n${address}`).digest('base64url')

/** A writer to Redis can name any address; STATUS_TOKEN goes only where it is known already. */
export const isProven = ({ address, proof }: Pick<Heartbeat, 'address' | 'proof'>, token: string): boolean => {
  const expected = proofOf(address, token === '' ? [] : [token])
  if (expected === null || proof === null) return false
  const [a, b] = [Buffer.from(expected), Buffer.from(proof)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** `0.2.0 (ingest), 0.3.0 (keywords, dispatch)`, where more than one version runs; else null. */
export const mixedVersions = (
  processes: readonly { readonly stage: string; readonly version: string | null }[],
): string | null => {
  const byVersion = Map.groupBy(
    processes.filter(({ version }) => version !== null),
    ({ version }) => version as string,
  )
  if (byVersion.size < 2) return null
  return [...byVersion]
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([version, own]) => `${version} (${[...new Set(own.map(({ stage }) => stage))].join(', ')})`)
    .join(', ')
}
