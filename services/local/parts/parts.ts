/** Commands that start the three parts natively: Kafka (KRaft, one JVM), the registry, Redis. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { LocalProblem } from '../problem.ts'
import type { ChildSpec } from '../processes/child.ts'
import type { Artefacts } from './artefacts.ts'

/** For a quick start and little memory: only the C1 compiler, and the serial collector. */
const jvm = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-XX:-UsePerfData']

export interface Folders {
  readonly data: string
  readonly logs: string
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

const answers = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok
  } catch {
    // Not listening yet.
    return false
  }
}

/**
 * A single node: replication factor 1, and consumer groups do not wait for further members. Kafka allocates index files at full
 * size, two per partition: 1 MiB each, enough for 512 MiB of log, in place of the default 10 MiB.
 */
const kafkaSettings = (port: number, controller: number, dir: string) => `process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
controller.quorum.voters=1@127.0.0.1:${controller}
log.dirs=${dir}
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=16777216
log.index.size.max.bytes=1048576
log.retention.check.interval.ms=60000
`

/** @param classes options of the JVM for an archive of its classes */
export const kafkaPart = (
  { kafkaClasspath }: Pick<Artefacts, 'kafkaClasspath'>,
  port: number,
  controller: number,
  folders: Folders,
  env: NodeJS.ProcessEnv,
  classes: readonly string[] = [],
): ChildSpec => {
  const dir = join(folders.data, 'kafka')
  mkdirSync(dir, { recursive: true })
  const settings = join(folders.data, 'kafka.properties')
  writeFileSync(settings, kafkaSettings(port, controller, dir))
  if (!existsSync(join(dir, 'meta.properties'))) {
    const cluster = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url')
    const format = [
      '-cp',
      kafkaClasspath,
      'kafka.tools.StorageTool',
      'format',
      `--cluster-id=${cluster}`,
      '-c',
      settings,
    ]
    const { status, stderr } = spawnSync('java', [...jvm, ...format], { encoding: 'utf8', env })
    if (status !== 0) {
      throw new LocalProblem(
        `Kafka's data folder ${dir} could not be prepared: ${/No space left/.test(stderr) ? 'the disk is full' : stderr.slice(-300)}`,
      )
    }
  }
  return {
    name: 'kafka',
    command: 'java',
    args: () => [
      '-Xmx512m',
      ...jvm,
      ...classes,
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-cp',
      kafkaClasspath,
      'kafka.Kafka',
      settings,
    ],
    env,
    ipc: false,
    logFile: join(folders.logs, 'kafka.log'),
    isReady: () => accepts(port),
    stopTimeoutMs: 10_000,
  }
}

/** @param classes as for Kafka */
export const registryPart = (
  { registryClasspath }: Pick<Artefacts, 'registryClasspath'>,
  port: number,
  folders: Folders,
  env: NodeJS.ProcessEnv,
  classes: readonly string[] = [],
): ChildSpec => {
  mkdirSync(join(folders.data, 'registry'), { recursive: true })
  return {
    name: 'registry',
    command: 'java',
    // A small young generation: what it has touched stays in memory.
    args: () => ['-Xmx96m', '-Xmn8m', ...jvm, ...classes, '-cp', registryClasspath, 'io.quarkus.runner.GeneratedMain'],
    env: {
      ...env,
      QUARKUS_HTTP_HOST: '127.0.0.1',
      QUARKUS_HTTP_PORT: String(port),
      QUARKUS_LOG_LEVEL: 'WARN',
      QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
      // On disk, because the schema ids in old records must resolve after a restart.
      APICURIO_STORAGE_KIND: 'sql',
      APICURIO_STORAGE_SQL_KIND: 'h2',
      APICURIO_DATASOURCE_URL: `jdbc:h2:file:${join(folders.data, 'registry', 'db')}`,
    },
    ipc: false,
    logFile: join(folders.logs, 'registry.log'),
    isReady: () => answers(`http://127.0.0.1:${port}/apis/ccompat/v7/subjects`),
    stopTimeoutMs: 8_000,
  }
}

const onPath = (command: string) => spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined

export const redisPart = (
  { redisServer }: Pick<Artefacts, 'redisServer'>,
  port: number,
  folders: Folders,
  env: NodeJS.ProcessEnv,
): ChildSpec => {
  const dir = join(folders.data, 'redis')
  mkdirSync(dir, { recursive: true })
  const command = onPath('redis-server') ? 'redis-server' : redisServer
  if (command === null) {
    throw new LocalProblem('no redis-server was found for this machine: install Redis, or set REDIS_URL')
  }
  return {
    name: 'redis',
    command,
    args: () => [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      dir,
      '--save',
      '',
      '--appendonly',
      'yes',
      '--maxmemory-policy',
      'noeviction',
    ],
    env,
    ipc: false,
    logFile: join(folders.logs, 'redis.log'),
    isReady: () => redisReady(port),
    stopTimeoutMs: 5_000,
  }
}

/** Sends PING, because Redis accepts connections but refuses commands while it loads its data. */
const redisReady = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const finish = (ready: boolean) => {
      socket.destroy()
      resolve(ready)
    }
    socket.setTimeout(1_000, () => finish(false))
    socket.once('error', () => finish(false))
    socket.once('data', (part) => finish(part.toString().startsWith('+PONG')))
  })
