/** The cluster as one process sees it: which broker leads what, and connections for each purpose. */
import { Base, type Broker, type ClusterMetadata, type Connection, ConnectionPool } from '@platformatic/kafka'
import { protocolErrorsOf, toDependencyError } from '../../errors.ts'
import type { KafkaSettings } from '../../settings.ts'
import { type Api, type ApiName, newestOf, type VersionRange } from './protocol.ts'

const connectTimeoutMs = 3_000
/** Longer than any answer takes that is not a long poll or a rebalance. */
const requestTimeoutMs = 15_000
const metadataMaxAgeMs = 60_000

export interface Pool {
  /** @throws an error of platformatic */
  get(broker: Broker): Promise<Connection>
  close(): Promise<void>
}

/** What platformatic's clients and pools take. */
export const connectionOptions = ({ tls, sasl }: KafkaSettings, requestTimeout = requestTimeoutMs) => ({
  connectTimeout: connectTimeoutMs,
  requestTimeout,
  ...(tls ? { tls: { ...tls } } : {}),
  ...(sasl ? { sasl: { ...sasl } } : {}),
})

/** platformatic reports some failures of a connection twice; the second would end the process as unhandled. */
const hearErrors = (pool: Pick<ConnectionPool, 'on'>) =>
  pool.on('connecting', ({ connection }) => void connection.on('error', () => {}))

export class Cluster {
  readonly settings: KafkaSettings
  readonly #base: Base
  readonly #pools = new Set<ConnectionPool>()
  readonly #coordinators = new Map<string, number>()
  #versions: Promise<readonly VersionRange[]> | undefined

  constructor(settings: KafkaSettings) {
    this.settings = settings
    this.#base = new Base({
      ...connectionOptions(settings),
      clientId: settings.clientId,
      bootstrapBrokers: [...settings.brokers],
      retries: 2,
      retryDelay: 200,
      metadataMaxAge: metadataMaxAgeMs,
    })
    hearErrors(this.#base.connections)
  }

  /**
   * Leaders and ids of topics, at most a minute old unless `fresh`.
   * @throws DependencyError, also where there is no such topic
   */
  async metadata(topics: readonly string[], fresh = false): Promise<ClusterMetadata> {
    try {
      return await this.#base.metadata({ topics: [...topics], forceUpdate: fresh })
    } catch (error) {
      throw toDependencyError(error)
    }
  }

  /** Connections of their own, so that a request that waits at the broker holds up no other. */
  pool(requestTimeout = requestTimeoutMs): Pool {
    const pool = new ConnectionPool(this.settings.clientId, connectionOptions(this.settings, requestTimeout))
    hearErrors(pool)
    this.#pools.add(pool)
    return {
      get: (broker) => pool.get(broker),
      close: async () => {
        this.#pools.delete(pool)
        await pool.close()
      },
    }
  }

  /** For requests that are answered at once. */
  get shared(): Pick<Pool, 'get'> {
    return this.#base.connections
  }

  async broker(nodeId: number): Promise<Broker> {
    const known = this.#base.currentMetadata?.brokers.get(nodeId)
    const found = known ?? (await this.metadata([], true)).brokers.get(nodeId)
    if (!found) throw toDependencyError(new Error(`broker ${nodeId} is away`))
    return found
  }

  async versions(): Promise<readonly VersionRange[]> {
    this.#versions ??= this.#base.listApis()
    try {
      return await this.#versions
    } catch (error) {
      this.#versions = undefined
      throw error
    }
  }

  async api(name: ApiName): Promise<Api> {
    return newestOf(name, await this.versions())
  }

  /** One request to one broker. @throws an error of platformatic */
  async call<Answer>(nodeId: number, name: ApiName, args: readonly unknown[], pool: Pick<Pool, 'get'> = this.shared) {
    const { api } = await this.api(name)
    const connection = await pool.get(await this.broker(nodeId))
    return (await api.async(connection, ...args)) as Answer
  }

  /** Any broker that answers. */
  async anyNode(): Promise<number> {
    const { brokers } = await this.metadata([])
    for (const nodeId of brokers.keys()) return nodeId
    throw toDependencyError(new Error('the cluster names no broker'))
  }

  /** The broker that keeps a group. @throws an error of platformatic */
  async coordinator(group: string): Promise<number> {
    const known = this.#coordinators.get(group)
    if (known !== undefined) return known
    const answer = await this.call<{ coordinators: readonly { nodeId: number }[] }>(
      await this.anyNode(),
      'FindCoordinator',
      [keyTypeGroup, [group]],
    )
    const nodeId = answer.coordinators[0]?.nodeId ?? -1
    this.#coordinators.set(group, nodeId)
    return nodeId
  }

  /** After trouble: what was known of the cluster may be out of date. */
  forget(error?: unknown, group?: string): void {
    if (group !== undefined) this.#coordinators.delete(group)
    const kinds = protocolErrorsOf(error)
    if (kinds.has('UNSUPPORTED_VERSION')) this.#versions = undefined
    this.#base.clearMetadata()
  }

  async close(): Promise<void> {
    await Promise.all([this.#base.close(), ...Array.from(this.#pools, (pool) => pool.close())])
  }
}

const keyTypeGroup = 0
