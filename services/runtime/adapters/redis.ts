/** RedisCommands over ioredis. Every call is one pipeline; failures come out as DependencyError, never with a command's arguments. */
import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import { DependencyError, type RedisCommands, type RedisScript } from '../ports.ts'

const connectTimeoutMs = 3_000
const commandTimeoutMs = 5_000

/** ioredis errors may quote commands and their arguments: only the kind of trouble goes on. */
const trouble = (error: unknown): DependencyError => {
  const text = error instanceof Error ? error.message : ''
  const kind =
    /^[A-Z]{3,20}(?= )/.exec(text)?.[0] ?? (error as { code?: string })?.code ?? (error as Error)?.name ?? 'unknown'
  const hints: Record<string, string> = {
    OOM: 'Redis is out of memory (maxmemory reached): raise it, the policy must be noeviction',
    READONLY: 'Redis is a read-only replica: point REDIS_URL at the primary',
    NOAUTH: 'Redis wants a password: put it into REDIS_URL',
    WRONGPASS: 'Redis refuses the password of REDIS_URL',
    LOADING: 'Redis is loading its data set',
    MISCONF: 'Redis cannot persist to disk and refuses writes: look at its disk',
  }
  return new DependencyError('redis', hints[kind] ?? `Redis does not answer (${kind})`)
}

class IoredisCommands implements RedisCommands {
  readonly #client: Redis
  readonly #hashes = new Map<string, string>()
  constructor(client: Redis) {
    this.#client = client
  }

  async getMany(keys: readonly string[]): Promise<readonly (Buffer | null)[]> {
    if (keys.length === 0) return []
    try {
      return await this.#client.mgetBuffer(...keys)
    } catch (error) {
      throw trouble(error)
    }
  }

  async setMany(entries: readonly { key: string; value: Buffer; ttlSeconds: number }[]): Promise<void> {
    if (entries.length === 0) return
    const pipeline = this.#client.pipeline()
    for (const { key, value, ttlSeconds } of entries) pipeline.set(key, value, 'EX', ttlSeconds)
    await this.#run(pipeline.exec())
  }

  async evalMany(
    script: RedisScript,
    calls: readonly { keys: readonly string[]; args: readonly (string | Buffer | number)[] }[],
  ): Promise<readonly unknown[]> {
    if (calls.length === 0) return []
    let hash = this.#hashes.get(script.source)
    if (!hash) {
      hash = createHash('sha1').update(script.source).digest('hex')
      this.#hashes.set(script.source, hash)
    }
    const attempt = () => {
      const pipeline = this.#client.pipeline()
      for (const { keys, args } of calls) pipeline.callBuffer('EVALSHA', hash, keys.length, ...keys, ...args)
      return pipeline.exec()
    }
    try {
      return await this.#run(attempt())
    } catch (error) {
      // A restarted Redis has forgotten its scripts.
      if (!(error instanceof ScriptMissing)) throw error
      try {
        await this.#client.script('LOAD', script.source)
      } catch (loading) {
        throw trouble(loading)
      }
      return this.#run(attempt())
    }
  }

  async ping(): Promise<void> {
    try {
      await this.#client.ping()
    } catch (error) {
      throw trouble(error)
    }
  }

  async close(): Promise<void> {
    this.#client.disconnect()
  }

  async #run(answer: Promise<[Error | null, unknown][] | null>): Promise<readonly unknown[]> {
    let results: [Error | null, unknown][]
    try {
      results = (await answer) ?? []
    } catch (error) {
      throw trouble(error)
    }
    return results.map(([error, value]) => {
      if (error?.message.startsWith('NOSCRIPT')) throw new ScriptMissing()
      if (error) throw trouble(error)
      return value
    })
  }
}

class ScriptMissing extends Error {}

/** Connects lazily and for ever: commands fail fast while Redis is away, the caller pauses and tries again. */
export const openRedis = (url: string): RedisCommands => {
  const client = new Redis(url, {
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    maxRetriesPerRequest: 1,
    enableAutoPipelining: false,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 6), 2_000),
  })
  // Every failed reconnect is an event; the commands that fail say so themselves.
  client.on('error', () => {})
  return new IoredisCommands(client)
}
