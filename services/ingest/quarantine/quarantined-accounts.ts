/** The accounts in quarantine, in one Redis hash, which ingest and the commands read and change. */
import type { RedisCommands, RedisScript } from '../../runtime/ports.ts'

export interface QuarantinedAccount {
  /** `<source>/<accountId>`, as the records name it; `<source>/` for those that name none. */
  readonly account: string
  /** ms */
  readonly since: number
  readonly why: string
}

const key = 'quarantine:ingest'
/** As long as the topic keeps what is put aside. */
const ttlSeconds = 28 * 24 * 3600

const script = (name: string, source: string): RedisScript => ({ name, source })
const addScript = script(
  'quarantine-add',
  `redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])`,
)
const removeScript = script('quarantine-remove', "return redis.call('HDEL', KEYS[1], ARGV[1])")
const allScript = script('quarantine-all', "return redis.call('HGETALL', KEYS[1])")

type Redis = Pick<RedisCommands, 'evalMany'>

/** @throws DependencyError */
export const addToQuarantine = async (redis: Redis, { account, since, why }: QuarantinedAccount): Promise<void> => {
  await redis.evalMany(addScript, [{ keys: [key], args: [account, JSON.stringify([since, why]), ttlSeconds] }])
}

/** @returns whether it was in quarantine. @throws DependencyError */
export const removeFromQuarantine = async (redis: Redis, account: string): Promise<boolean> => {
  const [removed] = await redis.evalMany(removeScript, [{ keys: [key], args: [account] }])
  return Number(removed) > 0
}

/** @throws DependencyError */
export const quarantinedAccounts = async (redis: Redis): Promise<readonly QuarantinedAccount[]> => {
  const [flat] = await redis.evalMany(allScript, [{ keys: [key], args: [] }])
  const fields = (flat as readonly (Buffer | string)[]).map(String)
  const accounts: QuarantinedAccount[] = []
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [since, why] = JSON.parse(fields[at + 1] as string) as [number, string]
    accounts.push({ account: fields[at] as string, since, why })
  }
  return accounts.sort((a, b) => a.since - b.since)
}
