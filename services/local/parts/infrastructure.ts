/** Kafka, registry and Redis: uses the configured addresses, and starts the others as native processes or containers. */
import { resolve } from 'node:path'
import type { LocalConfig } from '../config.ts'
import type { Ports } from '../free-ports.ts'
import { LocalProblem } from '../problem.ts'
import type { Child, ChildSpec } from '../processes/child.ts'
import { partEnvironment } from '../processes/environment.ts'
import { type Artefacts, fetchArtefacts } from './artefacts.ts'
import { archiveFiles, archiveOptions } from './class-archive.ts'
import { type Folders, kafkaPart, redisPart, registryPart } from './parts.ts'

export interface PartAddresses {
  readonly brokers: string
  readonly redis: string
  readonly registry: string
}

export interface StartTools {
  readonly ports: Ports
  readonly folders: Folders
  readonly report: (line: string) => void
  start(spec: ChildSpec): Promise<Child>
  onStop(undo: () => Promise<unknown>): void
}

/** Path of the registry's Confluent-compatible API. */
export const registryPath = '/apis/ccompat/v7'

/** @param env the processes see a part of it. @throws LocalProblem */
export const startParts = async (
  config: LocalConfig,
  env: NodeJS.ProcessEnv,
  tools: StartTools,
): Promise<PartAddresses> => {
  const { KAFKA_BROKERS, REDIS_URL, SCHEMA_REGISTRY_URL } = config
  if (KAFKA_BROKERS && REDIS_URL && SCHEMA_REGISTRY_URL) {
    return { brokers: KAFKA_BROKERS.join(','), redis: REDIS_URL, registry: SCHEMA_REGISTRY_URL }
  }
  if (config.SIGNALS_INFRA === 'docker') {
    const { startContainers } = await import('./containers.ts').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
      throw new LocalProblem(
        'SIGNALS_INFRA=docker needs testcontainers, a development package: npm ci without --omit=dev, or set KAFKA_BROKERS, REDIS_URL and SCHEMA_REGISTRY_URL',
      )
    })
    return startContainers(config, tools)
  }
  const artefacts: Artefacts =
    KAFKA_BROKERS && SCHEMA_REGISTRY_URL
      ? { kafkaClasspath: '', registryClasspath: '', classArchives: '', redisServer: null }
      : await fetchArtefacts(env, tools.report)
  return startNative(config, artefacts, tools, partEnvironment(env))
}

const startNative = async (
  config: LocalConfig,
  artefacts: Artefacts,
  { ports, folders, report, start }: StartTools,
  env: NodeJS.ProcessEnv,
): Promise<PartAddresses> => {
  const archives = archiveFiles(artefacts)
  const absolute = { data: resolve(folders.data), logs: resolve(folders.logs) }
  const starting: Promise<unknown>[] = []
  const launch = (name: string, spec: ChildSpec) => {
    report(`starting ${name} …`)
    starting.push(start(spec))
  }
  let brokers = config.KAFKA_BROKERS?.join(',')
  if (!brokers) {
    const port = await ports.take('kafka')
    launch(
      'Kafka',
      kafkaPart(artefacts, port, await ports.take('kafka-controller'), absolute, env, archiveOptions(archives.kafka)),
    )
    brokers = `127.0.0.1:${port}`
  }
  let registry = config.SCHEMA_REGISTRY_URL
  if (!registry) {
    const port = await ports.take('registry')
    launch('the schema registry', registryPart(artefacts, port, absolute, env, archiveOptions(archives.registry)))
    registry = `http://127.0.0.1:${port}${registryPath}`
  }
  let redis = config.REDIS_URL
  if (!redis) {
    const port = await ports.take('redis')
    const part = redisPart(artefacts, port, absolute, env)
    if (part.command === artefacts.redisServer)
      report('Redis 6.2 of the download has known holes and is good for this machine alone: install redis-server 7')
    launch('Redis', part)
    redis = `redis://127.0.0.1:${port}`
  }
  await Promise.all(starting)
  return { brokers, redis, registry }
}
