/**
 * RedisCommands over ioredis, for one server or a cluster. Every call is one pipeline, or one per hash tag on a cluster. Failures become
 * DependencyErrors, whose messages never contain a command's arguments.
 */
import { createHash } from 'node:crypto'
import { Cluster, Redis } from 'ioredis'
import { DependencyError, type RedisCommands, type RedisKey, type RedisScript } from '../ports.ts'
import { parseRedisUrl, type RedisAddress } from './redis-url.ts'

const connectTimeoutMs = 3_000
const commandTimeoutMs = 5_000

/** Our messages for connection errors of ioredis, by the beginning of its message. */
const connectionErrors: readonly (readonly [string, string])[] = [
  ['Command timed out', `Redis does not answer within ${commandTimeoutMs / 1000} s: it hangs, or is overloaded`],
  ['Connection is closed', 'Redis cannot be reached (connection closed)'],
  ['Reached the max retries', 'Redis cannot be reached: is it running, and is REDIS_URL right?'],
]

/** Errors of ioredis may quote commands and arguments, so only the kind of error is passed on. */
const toRedisError = (error: unknown): DependencyError => {
  const text = error instanceof Error ? error.message : ''
  const message = connectionErrors.find(([begin]) => text.startsWith(begin))?.[1]
  if (message) return new DependencyError('redis', message)
  const kind =
    /^[A-Z]{3,20}(?= )/.exec(text)?.[0] ?? (error as { code?: string })?.code ?? (error as Error)?.name ?? 'unknown'
  const hints: Record<string, string> = {
    OOM: 'Redis is out of memory (maxmemory reached): raise it, the policy must be noeviction',
    READONLY: 'Redis is a read-only replica: point REDIS_URL at the primary',
    NOAUTH: 'Redis requires a password: put it into REDIS_URL',
    WRONGPASS: 'Redis refuses the password of REDIS_URL',
    LOADING: 'Redis is loading its data set',
    MISCONF: 'Redis cannot persist to disk and refuses writes: check its disk',
    CLUSTERDOWN: 'the Redis cluster does not serve all slots: check its nodes',
    ClusterAllFailedError: 'no node of the Redis cluster answers: check REDIS_URL',
    MOVED: 'Redis is a node of a cluster: add ?cluster=true to REDIS_URL',
    CROSSSLOT: 'Redis is a node of a cluster: add ?cluster=true to REDIS_URL',
  }
  return new DependencyError('redis', hints[kind] ?? `Redis does not answer (${kind}); check REDIS_URL`)
}

type Call = { readonly keys: readonly RedisKey[]; readonly args: readonly (string | Buffer | number)[] }

/** Keys with equal results are on one node of a cluster: the hash tag, or the key itself without one. */
const hashTagOf = (key: RedisKey): string => {
  const bytes = typeof key === 'string' ? key : key.toString('latin1')
  const open = bytes.indexOf('{')
  const close = open < 0 ? -1 : bytes.indexOf('}', open + 1)
  return close > open + 1 ? bytes.slice(open + 1, close) : bytes
}

class IoredisCommands implements RedisCommands {
  readonly #client: Redis | Cluster
  readonly #hashes = new Map<string, string>()
  disconnects = 0
  constructor(client: Redis | Cluster) {
    this.#client = client
    const count = () => {
      this.disconnects++
    }
    client.on('close', count)
    // A node of a cluster closes its own connection.
    client.on('+node', (node: Redis) => node.on('close', count))
  }

  get isCluster(): boolean {
    return this.#client instanceof Cluster
  }

  async getMany(keys: readonly RedisKey[]): Promise<readonly (Buffer | null)[]> {
    return this.#each(
      keys,
      (key) => key,
      async (part) => {
        try {
          return await this.#client.mgetBuffer(...part)
        } catch (error) {
          throw toRedisError(error)
        }
      },
    )
  }

  async setMany(entries: readonly { key: RedisKey; value: Buffer; ttlSeconds: number }[]): Promise<void> {
    await this.#each(
      entries,
      ({ key }) => key,
      (part) => {
        const pipeline = this.#client.pipeline()
        for (const { key, value, ttlSeconds } of part) pipeline.set(key, value, 'EX', ttlSeconds)
        return this.#run(pipeline.exec())
      },
    )
  }

  async evalMany(script: RedisScript, calls: readonly Call[]): Promise<readonly unknown[]> {
    let hash = this.#hashes.get(script.source)
    if (!hash) {
      hash = createHash('sha1').update(script.source).digest('hex')
      this.#hashes.set(script.source, hash)
    }
    const sha1 = hash
    return this.#each(
      calls,
      ({ keys }) => keys[0] as RedisKey,
      async (part) => {
        try {
          const pipeline = this.#client.pipeline()
          for (const { keys, args } of part) pipeline.callBuffer('evalsha', sha1, keys.length, ...keys, ...args)
          return await this.#run(pipeline.exec())
        } catch (error) {
          // A new or restarted node does not have the script. EVAL runs it and caches it there.
          if (!(error instanceof ScriptMissing)) throw error
          const pipeline = this.#client.pipeline()
          for (const { keys, args } of part) pipeline.callBuffer('eval', script.source, keys.length, ...keys, ...args)
          return this.#run(pipeline.exec())
        }
      },
    )
  }

  async info(): Promise<ReadonlyMap<string, string>> {
    try {
      const text = await this.#client.info()
      return new Map(
        Array.from(text.matchAll(/^([a-z0-9_]+):(.*?)\r?$/gim), ([, name, value]) => [name ?? '', value ?? '']),
      )
    } catch (error) {
      throw toRedisError(error)
    }
  }

  async ping(): Promise<void> {
    try {
      await this.#client.ping()
    } catch (error) {
      throw toRedisError(error)
    }
  }

  async close(): Promise<void> {
    this.#client.disconnect()
  }

  /** Runs the work once for all items, or on a cluster once per hash tag, concurrently. Results are in the order of the items. */
  async #each<Item, Answer>(
    items: readonly Item[],
    keyOf: (item: Item) => RedisKey,
    work: (part: readonly Item[]) => Promise<readonly Answer[]>,
  ): Promise<readonly Answer[]> {
    if (items.length === 0) return []
    if (!this.isCluster) return work(items)
    const byTag = Map.groupBy(items.keys(), (index) => hashTagOf(keyOf(items[index] as Item)))
    const answers = new Array<Answer>(items.length)
    await Promise.all(
      Array.from(byTag.values(), async (indexes) => {
        const answered = await work(indexes.map((index) => items[index] as Item))
        indexes.forEach((index, n) => {
          answers[index] = answered[n] as Answer
        })
      }),
    )
    return answers
  }

  async #run(answer: Promise<[Error | null, unknown][] | null>): Promise<readonly unknown[]> {
    let results: [Error | null, unknown][]
    try {
      results = (await answer) ?? []
    } catch (error) {
      throw toRedisError(error)
    }
    return results.map(([error, value]) => {
      if (error?.message.startsWith('NOSCRIPT')) throw new ScriptMissing()
      if (error) throw toRedisError(error)
      return value
    })
  }
}

class ScriptMissing extends Error {}

const retryAfter = (times: number) => Math.min(50 * 2 ** Math.min(times, 6), 2_000)

const connect = ({ nodes, cluster, username, password, tls, db }: RedisAddress): Redis | Cluster => {
  const options = {
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    maxRetriesPerRequest: 1,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  }
  if (!cluster) return new Redis({ ...options, ...nodes[0], db, retryStrategy: retryAfter })
  return new Cluster([...nodes], {
    redisOptions: options,
    clusterRetryStrategy: retryAfter,
    // Commands fail fast while the cluster is away, as on one server; the caller retries after a pause.
    enableOfflineQueue: false,
    maxRedirections: 4,
    retryDelayOnFailover: 200,
    retryDelayOnClusterDown: 200,
    slotsRefreshTimeout: 2_000,
  })
}

/** Connects lazily and reconnects without limit. Commands fail fast while Redis is away; the caller retries after a pause. */
export const openRedis = (url: string): RedisCommands => {
  const client = connect(parseRedisUrl(url))
  // Each failed reconnect emits an error. Ignore it: the failing commands report the outage.
  client.on('error', () => {})
  return new IoredisCommands(client)
}
