/** Starts the three parts in Docker through testcontainers, for machines without Java. */
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers'
import type { LocalConfig } from '../config.ts'
import { LocalProblem } from '../problem.ts'
import { readImages, referenceOf } from './images.ts'
import { type PartAddresses, registryPath, type StartTools } from './infrastructure.ts'

/** Publishes its ports on this machine's own address: these parts have no password. */
export class LoopbackContainer extends GenericContainer {
  protected override async beforeContainerCreated(): Promise<void> {
    const bindings = Object.entries((this.hostConfig.PortBindings ?? {}) as Record<string, object[]>)
    this.hostConfig.PortBindings = Object.fromEntries(
      bindings.map(([port, all]) => [port, all.map((one) => ({ ...one, HostIp: '127.0.0.1' }))]),
    )
  }
}

const startContainer = async (container: GenericContainer, name: string): Promise<StartedTestContainer> => {
  try {
    return await container.start()
  } catch (error) {
    throw new LocalProblem(
      `the container ${name} does not start (is Docker running, and can it pull the image?): ${(error as Error).message}`,
    )
  }
}

const address = (container: StartedTestContainer, port: number) =>
  `${container.getHost()}:${container.getMappedPort(port)}`

/** @throws LocalProblem */
export const startContainers = async (
  config: LocalConfig,
  { ports, report, onStop }: StartTools,
): Promise<PartAddresses> => {
  const stopLater = (container: StartedTestContainer) => {
    onStop(() => container.stop())
    return container
  }
  const images = readImages(config.SIGNALS_IMAGES)
  const imageOf = (part: 'kafka' | 'registry' | 'redis') => referenceOf(images[part] as (typeof images)[string])
  report('starting containers …')
  const kafka = async () => {
    if (config.KAFKA_BROKERS) return config.KAFKA_BROKERS.join(',')
    // A fixed host port: clients connect to the address that the broker advertises.
    const port = await ports.take('kafka')
    stopLater(
      await startContainer(
        new LoopbackContainer(imageOf('kafka'))
          .withExposedPorts({ container: 9092, host: port })
          .withEnvironment({
            KAFKA_NODE_ID: '1',
            KAFKA_PROCESS_ROLES: 'broker,controller',
            KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
            KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
            KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
            KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
            KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
            KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
            KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
            KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
            KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
          })
          .withWaitStrategy(Wait.forListeningPorts()),
        imageOf('kafka'),
      ),
    )
    return `127.0.0.1:${port}`
  }
  const registry = async () => {
    if (config.SCHEMA_REGISTRY_URL) return config.SCHEMA_REGISTRY_URL
    const container = stopLater(
      await startContainer(
        new LoopbackContainer(imageOf('registry'))
          .withExposedPorts(8080)
          .withWaitStrategy(Wait.forHttp(`${registryPath}/subjects`, 8080)),
        imageOf('registry'),
      ),
    )
    return `http://${address(container, 8080)}${registryPath}`
  }
  const redis = async () => {
    if (config.REDIS_URL) return config.REDIS_URL
    const container = stopLater(
      await startContainer(
        new LoopbackContainer(imageOf('redis'))
          .withExposedPorts(6379)
          .withCommand(['redis-server', '--save', '', '--maxmemory-policy', 'noeviction']),
        imageOf('redis'),
      ),
    )
    return `redis://${address(container, 6379)}`
  }
  const [brokers, registryUrl, redisUrl] = await Promise.all([kafka(), registry(), redis()])
  return { brokers, registry: registryUrl, redis: redisUrl }
}
