/**
 * A whole pipeline whose every process can be hurt: `signals up` with registry and stages, a second process of each stage with a wrong
 * clock, brokers, Redis, and a disk of limited size. TikTok's simulator runs in this process, so that nothing it has received is lost.
 */
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Pipeline, startPipeline } from '../../services/local/demo/pipeline.ts'
import { haravanSecret, haravanShop, tiktokSecret, whatsappSecret } from '../../services/local/demo/webhooks.ts'
import { isAlive, type ProcessIdentity } from '../../services/local/processes/processes.ts'
import { createSimulator, type Simulator } from '../../services/local/simulator/server.ts'
import { readSecrets, readState } from '../../services/local/supervisor/state-file.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import { eventually } from '../support/eventually.ts'
import { KafkaCluster } from '../support/kafka-cluster.ts'
import { RedisServer } from '../support/redis-servers.ts'
import { connectTwo, noParts, type World } from '../support/world.ts'
import { SmallDisk } from './disk.ts'
import { SecondProcess } from './second.ts'

/** Longer than the longest pause before a restart and the start of the slowest process. */
const backWithinMs = 90_000

export interface RigOptions {
  /** MiB */
  readonly disk: number
  /** By how much the clocks of the second processes are wrong, s. */
  readonly wrongBySeconds: number
  /** Settings of the stages. */
  readonly settings: Readonly<Record<string, string>>
  /** The services of `signals up` share a process. */
  readonly isCompact: boolean
}

export class Rig {
  readonly disk: SmallDisk
  readonly cluster: KafkaCluster
  readonly redis: RedisServer
  readonly simulator: Simulator
  readonly dataDir: string
  readonly seconds: SecondProcess[] = []
  readonly #env: NodeJS.ProcessEnv
  readonly #options: readonly string[]
  #pipeline: Pipeline | null = null

  private constructor(
    parts: { disk: SmallDisk; cluster: KafkaCluster; redis: RedisServer; simulator: Simulator },
    { settings, isCompact }: RigOptions,
  ) {
    this.#options = isCompact ? ['--compact'] : []
    this.disk = parts.disk
    this.cluster = parts.cluster
    this.redis = parts.redis
    this.simulator = parts.simulator
    this.dataDir = join(this.disk.path, 'signals')
    mkdirSync(this.dataDir)
    const { port } = this.simulator.server.address() as AddressInfo
    this.#env = {
      ...process.env,
      ...noParts,
      WHATSAPP_WEBHOOK_SECRET: whatsappSecret,
      TIKTOK_WEBHOOK_SECRET: tiktokSecret,
      HARAVAN_WEBHOOK_SECRET: haravanSecret,
      LOG_LEVEL: 'warn',
      KAFKA_BROKERS: this.cluster.brokers,
      REDIS_URL: this.redis.url,
      TIKTOK_BASE_URL: `http://127.0.0.1:${port}`,
      ...settings,
    }
  }

  static async open(options: RigOptions): Promise<Rig> {
    const disk = new SmallDisk(options.disk)
    // Brokers and Redis put their folders there, too.
    process.env.TMPDIR = disk.path
    const [cluster, redis] = await Promise.all([KafkaCluster.start(), RedisServer.start('--appendonly', 'yes')])
    const broker = openBroker(kafkaSettingsOf({}, cluster.brokers, 'chaos'))
    const nodes = () =>
      broker.describe().then(
        (found) => found.nodes,
        () => 0,
      )
    await eventually('three brokers answer', async () => (await nodes()) === cluster.nodes.length, backWithinMs)
    await broker.close()
    const simulator = createSimulator({ keep: 200_000 })
    simulator.server.listen(0, '127.0.0.1')
    await once(simulator.server, 'listening')
    const rig = new Rig({ disk, cluster, redis, simulator }, options)
    await rig.#start()
    await rig.#connect()
    rig.#startSeconds(options.wrongBySeconds)
    return rig
  }

  get #running(): Pipeline {
    if (!this.#pipeline) throw new Error('the pipeline does not run')
    return this.#pipeline
  }

  get gateway(): string {
    return this.#running.ready.gateway
  }

  async #start(): Promise<void> {
    this.#pipeline = await startPipeline(this.dataDir, this.#env, undefined, this.#options)
  }

  async #connect(): Promise<void> {
    const pipeline = this.#running
    const { file } = fileIn(this.dataDir)
    await connectTwo({ pipeline, file } as World)
    const orders = {
      ...{ connectionId: 'shop-orders', tenantId: 'shop', source: 'haravan', accountId: haravanShop },
      ...{ advertiserId: '703', eventSetId: '903', accessToken: 'token-orders', reportOrders: true },
    }
    const added = await pipeline.signals('connections', 'add', '--file', file('orders.json', JSON.stringify(orders)))
    if (added.code !== 0) throw new Error(added.stderr)
  }

  /** Clocks ahead at ingest and keywords, behind at attribution and dispatch; docs/guarantees.md says why not all ways around. */
  #startSeconds(wrongBySeconds: number) {
    const { brokers, redis, registry } = this.#running.ready
    const env = {
      ...this.#env,
      ...readSecrets(this.dataDir),
      ...{ KAFKA_BROKERS: brokers, REDIS_URL: redis, SCHEMA_REGISTRY_URL: registry },
      ...{ SIGNALS_DATA_DIR: this.dataDir, METRICS_PORT: '0' },
    }
    const logs = join(this.dataDir, 'logs')
    const stages = { ingest: 1, attribution: -1, keywords: 1, dispatch: -1 } as const
    for (const stage of ['ingest', 'attribution', 'keywords', 'dispatch'] as const)
      this.seconds.push(new SecondProcess(stage, stages[stage] * wrongBySeconds, env, logs))
  }

  /** A process of `signals up` by its name; null while it is started again. */
  processOf(name: string): ProcessIdentity | null {
    const found = readState(this.dataDir)?.children[name]
    return found && isAlive(found) ? found : null
  }

  /** Kills a process of `signals up` and waits until another has taken its place. */
  async kill(name: string): Promise<void> {
    await eventually(`${name} runs`, () => this.processOf(name) !== null, backWithinMs)
    const { pid } = this.processOf(name) as ProcessIdentity
    process.kill(pid, 'SIGKILL')
    const isBack = () => (this.processOf(name)?.pid ?? pid) !== pid
    await eventually(`${name} was started again`, isBack, backWithinMs)
  }

  /** Kills `signals up` itself, and starts it again on its folder. */
  async killSupervisor(): Promise<void> {
    const supervisor = readState(this.dataDir)?.supervisor
    if (!supervisor) throw new Error('signals up has written no state')
    process.kill(supervisor.pid, 'SIGKILL')
    await eventually('signals up has ended', () => !isAlive(supervisor))
    await this.#start()
  }

  async restartRedis(): Promise<void> {
    await this.redis.kill()
    await this.redis.start()
  }

  /** Starts the brokers that have ended, as a process manager does. */
  resumeBrokers(): void {
    for (const { id } of this.cluster.nodes) if (!this.cluster.isRunning(id)) this.cluster.resume(id)
  }

  async signals(...args: string[]) {
    return this.#running.signals(...args)
  }

  log(): string {
    return this.#pipeline?.log() ?? ''
  }

  /** @returns processes that were left behind */
  async stop(): Promise<readonly string[]> {
    await Promise.all(this.seconds.map((second) => second.stop()))
    await this.#pipeline?.stop()
    await this.redis.stop()
    await this.cluster.stop()
    this.simulator.server.closeAllConnections()
    this.simulator.server.close()
    // The guard ends a moment after its supervisor.
    const noneLeft = () => processesNaming(this.disk.path).length === 0
    await eventually('every process has ended', noneLeft).catch(() => {})
    const left = processesNaming(this.disk.path)
    this.disk.close()
    return left
  }
}

const fileIn = (folder: string) => ({
  file: (name: string, content: string) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  },
})

/** Command lines of processes that have the folder in their arguments or environment; this process is not among them. */
const processesNaming = (folder: string): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const of = (file: string) => {
        try {
          return readFileSync(`/proc/${pid}/${file}`, 'utf8')
        } catch {
          // It has ended.
          return ''
        }
      }
      const command = of('cmdline')
      return command.includes(folder) || of('environ').includes(folder)
        ? [`${pid} ${command.replaceAll('\0', ' ')}`]
        : []
    })
