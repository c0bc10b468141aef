/** Starts Redis servers for a test: single or as a cluster, without persistence, on free loopback ports. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { fetchArtefacts } from '../../services/local/parts/artefacts.ts'
import { eventually } from './eventually.ts'

/** Redis puts a node's cluster bus 10,000 ports above its own port. */
const busOffset = 10_000

export const freePort = async (): Promise<number> => {
  for (;;) {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')
    if (port + busOffset < 65_536) return port
    // The kernel allocates high ports; the bus needs room above.
    const lower = 20_000 + (port % 20_000)
    const probe = createServer()
    const free = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false))
      probe.listen(lower, '127.0.0.1', () => probe.close(() => resolve(true)))
    })
    if (free) return lower
  }
}

/** That of the parts that the project brings; one on PATH where they have none for this machine. */
const ownRedisServer = async (): Promise<string> =>
  (await fetchArtefacts(process.env, () => {})).redisServer ?? 'redis-server'

const redisServer = async (): Promise<string> => {
  if (spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).error === undefined) return 'redis-server'
  const { redisServer: path } = await fetchArtefacts(process.env, () => {})
  if (path === null) throw new Error('no redis-server was found for this machine')
  return path
}

export class RedisServer {
  readonly port: number
  readonly #dir: string
  readonly #args: readonly string[]
  readonly #command: string
  #child: ChildProcess | null = null
  /** Of a sentinel. */
  #config: string | null = null

  private constructor(command: string, port: number, args: readonly string[]) {
    this.#command = command
    this.port = port
    this.#args = args
    this.#dir = mkdtempSync(join(tmpdir(), 'signals-redis-'))
  }

  static async start(...args: string[]): Promise<RedisServer> {
    const server = new RedisServer(await redisServer(), await freePort(), args)
    await server.start()
    return server
  }

  /** Of the version that the project brings, with Redis' own allocator. A distribution's build may use another, which takes more memory. */
  static async startOwn(): Promise<RedisServer> {
    const server = new RedisServer(await ownRedisServer(), await freePort(), [])
    await server.start()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** A sentinel. @param lines of its configuration, which it rewrites */
  static async startSentinel(...lines: string[]): Promise<RedisServer> {
    const password = lines.flatMap((line) => /^requirepass (.*)$/.exec(line)?.slice(1) ?? [])
    const server = new RedisServer(
      await redisServer(),
      await freePort(),
      password.flatMap((one) => ['--requirepass', one]),
    )
    server.#config = join(server.#dir, 'sentinel.conf')
    const common = [`port ${server.port}`, 'bind 127.0.0.1', `dir ${server.#dir}`]
    writeFileSync(server.#config, [...common, ...lines, ''].join('\n'))
    await server.start()
    return server
  }

  async start(): Promise<void> {
    const common = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#dir, '--save', '']
    const args = this.#config === null ? [...common, '--appendonly', 'no', ...this.#args] : [this.#config, '--sentinel']
    this.#child = spawn(this.#command, args, { stdio: 'ignore' })
    await eventually('redis-server answers', async () => {
      try {
        return (await this.command('PING')) === 'PONG'
      } catch {
        // Not listening yet.
        return false
      }
    })
  }

  /** Sends a command over a new connection. */
  async command(name: string, ...args: (string | number)[]): Promise<unknown> {
    const password = this.#args[this.#args.indexOf('--requirepass') + 1]
    const client = new Redis(this.port, '127.0.0.1', {
      ...(this.#args.includes('--requirepass') && password ? { password } : {}),
      lazyConnect: true,
      maxRetriesPerRequest: 0,
      retryStrategy: null,
    })
    client.on('error', () => {})
    try {
      await client.connect()
      return await client.call(name, ...args)
    } finally {
      client.disconnect()
    }
  }

  async usedMemory(): Promise<number> {
    const info = (await this.command('INFO', 'memory')) as string
    return Number(/used_memory:(\d+)/.exec(info)?.[1])
  }

  /** Saves the data; a server that is killed and started again has it, and nothing newer. */
  async save(): Promise<void> {
    await this.command('SAVE')
  }

  /** Keeps the append-only file as it is now, for `restoreAppended`. */
  async keepAppended(): Promise<void> {
    cpSync(join(this.#dir, 'appendonlydir'), join(this.#dir, 'kept'), { recursive: true })
  }

  /** Puts back the file that `keepAppended` kept, as if its later part had not reached the disk. */
  restoreAppended(): void {
    rmSync(join(this.#dir, 'appendonlydir'), { recursive: true })
    renameSync(join(this.#dir, 'kept'), join(this.#dir, 'appendonlydir'))
  }

  /** Kills the server; its data since the last `save` is lost. */
  async kill(): Promise<void> {
    if (!this.#child) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
    this.#child = null
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#dir, { recursive: true, force: true })
  }
}

const slots = 16_384

const servesAllSlots = async (node: RedisServer): Promise<boolean> =>
  /cluster_state:ok/.test((await node.command('CLUSTER', 'INFO')) as string)

/** Starts a server that has all slots of a cluster, as a proxy before one. */
export const startWithSlots = async (): Promise<RedisServer> => {
  const server = await RedisServer.start('--cluster-enabled', 'yes')
  await server.command('CLUSTER', 'ADDSLOTS', ...Array.from({ length: slots }, (_, slot) => slot))
  await eventually('the server serves all slots', () => servesAllSlots(server))
  return server
}

/** Starts a cluster of three masters without replicas. @param argsOf arguments of its nodes with TLS, by the TLS port, which is a second one */
export const startCluster = async (
  argsOf?: (tlsPort: number) => readonly string[],
): Promise<{
  nodes: readonly RedisServer[]
  url: string
  /** By the second ports. */
  tlsUrl: string
  stop(): Promise<void>
}> => {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
  const tlsPorts = await Promise.all([1, 2, 3].map(() => freePort()))
  const nodes = await Promise.all(
    tlsPorts.map((port) =>
      RedisServer.start(...args, ...(argsOf?.(port) ?? []), ...(argsOf ? ['--tls-cluster', 'yes'] : [])),
    ),
  )
  const [first] = nodes as [RedisServer, ...RedisServer[]]
  const share = Math.ceil(slots / nodes.length)
  for (const [n, node] of nodes.entries()) {
    const own = Array.from({ length: Math.min(share, slots - n * share) }, (_, at) => n * share + at)
    await node.command('CLUSTER', 'ADDSLOTS', ...own)
    // Nodes with the same epoch refuse to join, so each gets its own.
    await node.command('CLUSTER', 'SET-CONFIG-EPOCH', n + 1)
    if (node !== first)
      await node.command('CLUSTER', 'MEET', '127.0.0.1', argsOf ? (tlsPorts[0] as number) : first.port)
  }
  await eventually('the cluster serves all slots', async () =>
    (await Promise.all(nodes.map(servesAllSlots))).every(Boolean),
  )
  return {
    nodes,
    url: `redis://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    tlsUrl: `rediss://${tlsPorts.map((port) => `127.0.0.1:${port}`).join(',')}`,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}
