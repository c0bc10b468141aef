/**
 * RedisCommands over ioredis, for one server or a cluster. Every call is one pipeline, or one per hash tag on a cluster. Failures become
 * DependencyErrors, whose messages never contain a command's arguments.
 */
import { createHash } from 'node:crypto'
import { Cluster, Redis } from 'ioredis'
import type { RedisCommands, RedisKey, RedisScript } from '../ports.ts'
import { prefixedRedis } from './prefix.ts'
import { commandTimeoutMs, hasRemedy, toRedisError } from './redis-errors.ts'
import { type RedisSettings, toRedisSettings } from './redis-settings.ts'

const connectTimeoutMs = 3_000
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
  #connectionError: unknown
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

  /** @param error undefined once there is a connection again */
  connectionFailed(error: unknown): void {
    // A server that refuses a certificate may also reset the connection; the refusal says more.
    if (error === undefined || !hasRemedy(this.#connectionError)) this.#connectionError = error
  }

  async getMany(keys: readonly RedisKey[]): Promise<readonly (Buffer | null)[]> {
    return this.#each(
      keys,
      (key) => key,
      async (part) => {
        try {
          return await this.#client.mgetBuffer(...part)
        } catch (error) {
          throw this.#failure(error)
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
      throw this.#failure(error)
    }
  }

  async ping(): Promise<void> {
    try {
      await this.#client.ping()
    } catch (error) {
      throw this.#failure(error)
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

  #failure(error: unknown) {
    return toRedisError(error, this.#connectionError)
  }

  async #run(answer: Promise<[Error | null, unknown][] | null>): Promise<readonly unknown[]> {
    let results: [Error | null, unknown][]
    try {
      results = (await answer) ?? []
    } catch (error) {
      throw this.#failure(error)
    }
    return results.map(([error, value]) => {
      if (error?.message.startsWith('NOSCRIPT')) throw new ScriptMissing()
      if (error) throw this.#failure(error)
      return value
    })
  }
}

class ScriptMissing extends Error {}

const retryAfter = (times: number) => Math.min(50 * 2 ** Math.min(times, 6), 2_000)

const connect = ({ address, tls, sentinelLogin }: RedisSettings): Redis | Cluster => {
  const { nodes, cluster, sentinel, username, password, db } = address
  const options = {
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    maxRetriesPerRequest: 1,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls } : {}),
  }
  if (sentinel !== undefined)
    return new Redis({
      ...options,
      ...{ sentinels: [...nodes], name: sentinel, db, retryStrategy: retryAfter, sentinelRetryStrategy: retryAfter },
      ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: tls } : {}),
      ...(sentinelLogin ? { sentinelPassword: sentinelLogin.password } : {}),
      ...(sentinelLogin?.username === undefined ? {} : { sentinelUsername: sentinelLogin.username }),
    })
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
    // Certificates name hosts, so the names that the cluster gives must not become addresses.
    ...(tls ? { dnsLookup: (host, done) => done(null, host) } : {}),
  })
}

/** Connects lazily and reconnects without limit. Commands fail fast while Redis is away; the caller retries after a pause. */
export const openRedis = (settings: RedisSettings | string): RedisCommands => {
  const all = typeof settings === 'string' ? toRedisSettings({}, settings) : settings
  const client = connect(all)
  const commands = new IoredisCommands(client)
  // Each failed reconnect emits an error. The failing commands report the outage, and this one as its cause.
  const keep = (error: unknown) => commands.connectionFailed(error)
  client.on('error', keep)
  client.on('node error', keep)
  client.on('ready', () => commands.connectionFailed(undefined))
  return all.prefix === undefined ? commands : prefixedRedis(commands, all.prefix)
}
