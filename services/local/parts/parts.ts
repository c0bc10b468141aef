/** How the three real parts are started natively: Kafka (KRaft, one JVM), the registry, Redis. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { LocalProblem } from '../problem.ts'
import type { ChildSpec } from '../processes/child.ts'
import type { Artefacts } from './artefacts.ts'

/** Small and quick to start: the client compiler alone, the serial collector. */
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
    // Not up yet.
    return false
  }
}

/**
 * Single node: replication of one, and no waiting for members that could come at start. An index takes its largest size on disk from
 * the start, twice a partition: a mebibyte, enough for half a gigabyte of log, in place of ten.
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
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=16777216
log.index.size.max.bytes=1048576
log.retention.check.interval.ms=60000
`

export const kafkaPart = (
  { kafkaClasspath }: Artefacts,
  port: number,
  controller: number,
  folders: Folders,
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
    const { status, stderr } = spawnSync('java', [...jvm, ...format], { encoding: 'utf8' })
    if (status !== 0) {
      throw new LocalProblem(
        `Kafka's data folder ${dir} could not be prepared: ${/No space left/.test(stderr) ? 'the disk is full' : stderr.slice(-300)}`,
      )
    }
  }
  return {
    name: 'kafka',
    command: 'java',
    args: [
      '-Xmx512m',
      ...jvm,
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-cp',
      kafkaClasspath,
      'kafka.Kafka',
      settings,
    ],
    env: process.env,
    ipc: false,
    logFile: join(folders.logs, 'kafka.log'),
    isReady: () => accepts(port),
    patienceMs: 10_000,
  }
}

export const registryPart = ({ registryClasspath }: Artefacts, port: number, folders: Folders): ChildSpec => {
  mkdirSync(join(folders.data, 'registry'), { recursive: true })
  return {
    name: 'registry',
    command: 'java',
    args: ['-Xmx256m', ...jvm, '-cp', registryClasspath, 'io.quarkus.runner.GeneratedMain'],
    env: {
      ...process.env,
      QUARKUS_HTTP_HOST: '127.0.0.1',
      QUARKUS_HTTP_PORT: String(port),
      QUARKUS_LOG_LEVEL: 'WARN',
      QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
      // On disk: ids that stand in old records must resolve after a restart.
      APICURIO_STORAGE_KIND: 'sql',
      APICURIO_STORAGE_SQL_KIND: 'h2',
      APICURIO_DATASOURCE_URL: `jdbc:h2:file:${join(folders.data, 'registry', 'db')}`,
    },
    ipc: false,
    logFile: join(folders.logs, 'registry.log'),
    isReady: () => answers(`http://127.0.0.1:${port}/apis/ccompat/v7/subjects`),
    patienceMs: 8_000,
  }
}

const onPath = (command: string) => spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined

export const redisPart = (
  { redisServer }: Pick<Artefacts, 'redisServer'>,
  port: number,
  folders: Folders,
): ChildSpec => {
  const dir = join(folders.data, 'redis')
  mkdirSync(dir, { recursive: true })
  const command = onPath('redis-server') ? 'redis-server' : redisServer
  if (command === null) {
    throw new LocalProblem('there is no redis-server for this machine: install Redis, or set REDIS_URL')
  }
  return {
    name: 'redis',
    command,
    args: [
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
    env: process.env,
    ipc: false,
    logFile: join(folders.logs, 'redis.log'),
    isReady: () => redisReady(port),
    patienceMs: 5_000,
  }
}

/** Accepting connections is not enough: while it loads its data, Redis refuses commands. */
const redisReady = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const done = (ready: boolean) => {
      socket.destroy()
      resolve(ready)
    }
    socket.setTimeout(1_000, () => done(false))
    socket.once('error', () => done(false))
    socket.once('data', (part) => done(part.toString().startsWith('+PONG')))
  })
