/** `signals prepare`: what processes need that another supervisor than `signals up` starts, such as Compose. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { prepareClusterKeys, provisionCluster } from '../../../local/supervisor/preparation/prepare-cluster.ts'
import { operatorFolder, readAddresses, writeProcessSecrets } from '../../../local/supervisor/prepared-folder.ts'
import { secretsOf } from '../../../local/supervisor/secrets.ts'
import { makeDataDir, writeState } from '../../../local/supervisor/state-file.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { fields, loadConfig } from '../../../runtime/config.ts'
import { keyHolders } from '../../../runtime/keys/key-holders.ts'
import { DependencyError } from '../../../runtime/ports.ts'
import { UsageError } from '../../exit.ts'
import { notify, print } from '../../output.ts'

interface Options {
  readonly folder: string
  readonly addresses?: string
  readonly wait: string
}

const pauseMs = 1_000

/** Kafka and the registry may have been started together with this command. */
const whileAway = async <T>(seconds: number, work: () => Promise<T>): Promise<T> => {
  const end = systemClock.monotonic() + seconds * 1_000
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof DependencyError) || systemClock.monotonic() > end) throw error
      if (attempt === 0) notify(`signals: ${error.message}; waiting …`)
      await systemClock.sleep(pauseMs)
    }
  }
}

const prepare = async (env: NodeJS.ProcessEnv, { folder, addresses: file, wait }: Options) => {
  const seconds = Number(wait)
  if (!Number.isInteger(seconds) || seconds < 0) throw new UsageError('--wait: must be a whole number of seconds')
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL: registry } = loadConfig(
    { KAFKA_BROKERS: fields.KAFKA_BROKERS, SCHEMA_REGISTRY_URL: fields.SCHEMA_REGISTRY_URL },
    env,
  )
  const addresses = file === undefined ? null : readAddresses(file)
  const root = resolve(folder)
  const operator = operatorFolder(root)
  makeDataDir(operator)
  const secrets = secretsOf(operator, env, (line) => notify(`signals: ${line}`))
  const cluster = { brokers: KAFKA_BROKERS.join(','), registry }
  const isFresh = await whileAway(seconds, () => provisionCluster(env, cluster))
  const keys = await whileAway(seconds, () => prepareClusterKeys({ ...env, ...secrets }, cluster, isFresh))
  writeProcessSecrets(root, secrets, keys)
  if (addresses) writeState(operator, { supervisor: null, children: {}, addresses })
  print(`topics and schemas are there; secrets of ${keyHolders.join(', ')} are in ${root}`)
}

export const register = (program: Command, env: NodeJS.ProcessEnv) => {
  program
    .command('prepare')
    .description('topics, schemas and the secrets of each process as files, for another supervisor than `signals up`')
    .requiredOption('--folder <path>', 'gets a folder for each process, and `operator` with all secrets')
    .option('--addresses <file>', 'JSON: the addresses that `signals status` shows')
    .option('--wait <seconds>', 'how long Kafka and the registry may be away', '120')
    .action((options: Options) => prepare(env, options))
}
