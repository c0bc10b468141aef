/** Checks, before anything starts, what would else end a process a minute later: the settings of every service, and the ports. */
import { detachedMsOf } from '../../dispatch/config.ts'
import { ConfigError, kafkaSettingsOf, loadConfig, redisSettingsOf, registrySettingsOf } from '../../runtime/config.ts'
import type { LocalConfig } from '../config.ts'
import { mustBeFree } from '../free-ports.ts'
import { fieldsOf, serviceNames } from './environments.ts'

/** What the supervisor sets by itself, in valid form. */
const supplied = {
  KAFKA_BROKERS: '127.0.0.1:1',
  REDIS_URL: 'redis://127.0.0.1:1',
  SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
  TIKTOK_BASE_URL: 'http://127.0.0.1:1',
  SIGNALS_KEYS: 'issued',
}

/** One line for each problem, however many services read the setting. */
const problemsOf = (checks: readonly (() => unknown)[]): readonly string[] => {
  const problems = checks.flatMap((check) => {
    try {
      check()
      return []
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      return error.message.split('\n')
    }
  })
  return [...new Set(problems)]
}

/** @throws ConfigError where one of the two is set alone */
const mustBePair = (env: NodeJS.ProcessEnv, names: readonly [string, string]): void => {
  const [missing] = names.filter((name) => !env[name])
  const [given] = names.filter((name) => env[name])
  if (missing && given) throw new ConfigError(`${missing} is not set: set it beside ${given}, or set neither`)
}

/** @throws ConfigError naming every wrong setting of any service */
const checkSettings = async (env: NodeJS.ProcessEnv): Promise<void> => {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value))
  const { SIGNALS_MASTER_KEY: masterKey, ...others } = given
  const whole = { ...supplied, ...others, SIGNALS_KEYS: supplied.SIGNALS_KEYS }
  const { KAFKA_BROKERS: brokers, REDIS_URL: redis, SCHEMA_REGISTRY_URL: registry } = whole
  const services = serviceNames.map((name) => () => loadConfig(fieldsOf(name), whole))
  const problems = problemsOf(services)
  // Each of these would only repeat what is wrong with the form of a setting.
  const contradictions =
    problems.length > 0
      ? []
      : problemsOf([
          () => kafkaSettingsOf(whole, brokers, 'signals-up'),
          () => redisSettingsOf(whole, redis),
          () => registrySettingsOf(whole, registry),
          () => mustBePair(whole, ['TIKTOK_APP_ID', 'TIKTOK_APP_SECRET']),
          () => detachedMsOf(loadConfig(fieldsOf('dispatch'), whole) as Parameters<typeof detachedMsOf>[0]),
        ])
  const all = [...problems, ...contradictions]
  if (all.length > 0) throw new ConfigError(all.join('\n'))
  if (!masterKey) return
  // Ciphers take 10 MB, which the supervisor of a generated key goes without.
  const { keyFields, openMasterKeys } = await import('../../runtime/keys/key-settings.ts')
  await openMasterKeys(loadConfig(keyFields, given))
}

/** @throws ConfigError naming every wrong setting of any service; LocalProblem naming a port that is taken and its setting */
export const preflight = async (config: LocalConfig, env: NodeJS.ProcessEnv): Promise<void> => {
  await checkSettings(env)
  for (const variable of ['GATEWAY_PORT', 'CONSOLE_PORT', 'CALLBACK_PORT'] as const)
    if (config[variable]) await mustBeFree(config[variable], variable)
}
