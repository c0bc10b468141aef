/** Looks at everything the pipeline needs and says what is wrong and what to do. */
import type { Broker, RedisCommands, SchemaRegistry } from '../runtime/ports.ts'
import { Keyring } from '../runtime/sealing.ts'
import { consumerStages, deadLetterTopic, parkedTopic } from '../topology.ts'
import { planTopics } from './provision.ts'
import { readSecrets } from './state-file.ts'

export interface Finding {
  readonly verdict: 'good' | 'warning' | 'bad'
  readonly what: string
  /** What to do; null where nothing is to be done. */
  readonly remedy: string | null
}

export interface Patient {
  readonly dataDir: string
  readonly running: { readonly gateway: string } | null
  readonly brokers: string
  readonly redisUrl: string
  readonly registryUrl: string
  broker(): Broker
  redis(): RedisCommands
  registry(): SchemaRegistry
}

const good = (what: string): Finding => ({ verdict: 'good', what, remedy: null })
const warning = (what: string, remedy: string): Finding => ({ verdict: 'warning', what, remedy })
const bad = (what: string, remedy: string): Finding => ({ verdict: 'bad', what, remedy })
const messageOf = (error: unknown) => (error instanceof Error ? error.message : 'failed')

const kafka = async ({ brokers, broker }: Patient): Promise<Finding[]> => {
  const topics = await broker().listTopics()
  const changes = planTopics(topics)
  const held = topics.filter(
    ({ name }) => name === parkedTopic || consumerStages.some((stage) => deadLetterTopic(stage) === name),
  )
  const counts = await Promise.all(
    held.map(async ({ name }) => {
      const offsets = await broker().offsets('signals-doctor', name)
      return { name, records: offsets.reduce((sum, { low, high }) => sum + Number(high - low), 0) }
    }),
  )
  return [
    good(`Kafka answers at ${brokers}`),
    changes.length === 0
      ? good('topics are as declared')
      : bad(
          `${changes.length} differences between topics and topology`,
          'signals topics plan, then signals topics apply',
        ),
    ...counts
      .filter(({ records, name }) => records > 0 && name !== parkedTopic)
      .map(({ name, records }) =>
        warning(
          `${records} dead letters in ${name}`,
          'look at their codes; mend the cause before anything is sent again',
        ),
      ),
  ]
}

const redis = async ({ redis }: Patient): Promise<Finding[]> => {
  const [policy] = (await redis().evalMany({ name: 'info', source: "return redis.call('INFO', 'memory')" }, [
    { keys: [], args: [] },
  ])) as [Buffer]
  const text = policy.toString()
  const field = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(text)?.[1]?.trim() ?? 'unknown'
  const found = [good(`Redis answers, ${field('used_memory_human')} in use`)]
  const eviction = field('maxmemory_policy')
  if (eviction !== 'noeviction') {
    found.push(
      bad(
        `Redis evicts keys (${eviction})`,
        'set maxmemory-policy noeviction: an evicted mark is a signal counted twice',
      ),
    )
  }
  return found
}

const registry = async ({ registryUrl, registry }: Patient): Promise<Finding[]> => {
  await registry().schemaById(1)
  return [good(`the schema registry answers at ${registryUrl}`)]
}

const secrets = async (patient: Patient, env: NodeJS.ProcessEnv): Promise<Finding[]> => {
  const key = env.SIGNALS_MASTER_KEY ?? readSecrets(patient.dataDir).SIGNALS_MASTER_KEY
  if (!key) return [bad('SIGNALS_MASTER_KEY is not set', 'set it to 32 bytes in base64: openssl rand -base64 32')]
  await Keyring.open(key)
  const found = [good('SIGNALS_MASTER_KEY is well formed')]
  if (!env.SIGNALS_MASTER_KEY) {
    found.push(
      warning('the master key lies in the data folder', 'in production, set SIGNALS_MASTER_KEY from a secret store'),
    )
  }
  const unsigned = env.ALLOW_UNSIGNED
  if (unsigned)
    found.push(
      warning(`unsigned deliveries are taken for: ${unsigned}`, 'set the webhook secrets and remove ALLOW_UNSIGNED'),
    )
  return found
}

/** Every check by itself: one that fails does not hide the others. */
export const examine = async (patient: Patient, env: NodeJS.ProcessEnv): Promise<readonly Finding[]> => {
  const checks: [string, () => Promise<Finding[]>, string][] = [
    ['secrets', () => secrets(patient, env), 'see the message'],
    ['Kafka', () => kafka(patient), 'check KAFKA_BROKERS, or start a pipeline with: signals up'],
    ['the schema registry', () => registry(patient), 'check SCHEMA_REGISTRY_URL, or start a pipeline with: signals up'],
    ['Redis', () => redis(patient), 'check REDIS_URL, or start a pipeline with: signals up'],
  ]
  const results = await Promise.all(
    checks.map(async ([name, check, remedy]) => {
      try {
        return await check()
      } catch (error) {
        return [bad(`${name}: ${messageOf(error)}`, remedy)]
      }
    }),
  )
  return results.flat()
}
