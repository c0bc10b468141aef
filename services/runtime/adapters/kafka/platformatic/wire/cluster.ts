/** Metadata, coordinators and connections of a cluster. */
import { Base, type Broker, type ClusterMetadata, type Connection, ConnectionPool } from '@platformatic/kafka'
import { protocolErrorsOf, toDependencyError } from '../../errors.ts'
import { rejectedToken } from '../../login/rejected-token.ts'
import type { KafkaSasl } from '../../login/settings.ts'
import type { KafkaSettings } from '../../settings.ts'
import { type Api, type ApiName, newestOf, type VersionRange } from './protocol.ts'

const connectTimeoutMs = 3_000
/** For requests other than joins. */
const requestTimeoutMs = 15_000
const metadataMaxAgeMs = 60_000

export interface Pool {
  /** @throws an error of platformatic */
  get(broker: Broker): Promise<Connection>
  close(): Promise<void>
}

const saslOf = (sasl: KafkaSasl) => {
  if (sasl.mechanism !== 'OAUTHBEARER') return { ...sasl }
  const { mechanism, token, extensions } = sasl
  return {
    ...{ mechanism, token, oauthBearerExtensions: { ...extensions } },
    authBytesValidator: (response: Buffer, done: (error: Error | null, response?: Buffer) => void) => {
      const problem = rejectedToken(response)
      if (problem) done(problem)
      else done(null, response)
    },
  }
}

/** Options of platformatic's clients and pools. */
export const connectionOptions = ({ tls, sasl }: KafkaSettings, requestTimeout = requestTimeoutMs) => ({
  connectTimeout: connectTimeoutMs,
  requestTimeout,
  ...(tls ? { tls: { ...tls } } : {}),
  ...(sasl ? { sasl: saslOf(sasl) } : {}),
})

/** A connection may emit `error` twice, but its pool listens once. Without a listener the second would end the process. */
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
   * Leaders and ids of topics, at most 60 s old.
   * @param fresh requests them in any case
   * @throws DependencyError, also when a topic does not exist
   */
  async metadata(topics: readonly string[], fresh = false): Promise<ClusterMetadata> {
    try {
      return await this.#base.metadata({ topics: [...topics], forceUpdate: fresh })
    } catch (error) {
      throw toDependencyError(error)
    }
  }

  /** A broker processes the requests of a connection in order, so long polls and joins need connections of their own. */
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

  /** Connections for requests without a wait at the broker. */
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
  async call<Response>(nodeId: number, name: ApiName, args: readonly unknown[], pool: Pick<Pool, 'get'> = this.shared) {
    const { api } = await this.api(name)
    const connection = await pool.get(await this.broker(nodeId))
    return (await api.async(connection, ...args)) as Response
  }

  /** Id of any broker. */
  async anyNode(): Promise<number> {
    const { brokers } = await this.metadata([])
    for (const nodeId of brokers.keys()) return nodeId
    throw toDependencyError(new Error('the cluster names no broker'))
  }

  /** Id of the group's coordinator. @throws an error of platformatic */
  async coordinator(group: string): Promise<number> {
    const known = this.#coordinators.get(group)
    if (known !== undefined) return known
    const response = await this.call<{ coordinators: readonly { nodeId: number }[] }>(
      await this.anyNode(),
      'FindCoordinator',
      [keyTypeGroup, [group]],
    )
    const nodeId = response.coordinators[0]?.nodeId ?? -1
    this.#coordinators.set(group, nodeId)
    return nodeId
  }

  /** Drops cached state that may be the cause of an error. */
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
