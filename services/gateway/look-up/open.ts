/** Opens what look-ups need: Redis, where attribution keeps its state. Nothing of it is needed to take deliveries. */
import { openRedis } from '../../runtime/adapters/redis.ts'
import { ConfigError, redisSettings } from '../../runtime/config.ts'
import type { Keyring } from '../../runtime/keys/keyring.ts'
import type { Metrics } from '../../runtime/metrics/metrics.ts'
import type { RedisCommands } from '../../runtime/ports.ts'
import { instrumentedRedis } from '../../runtime/process/instrumented-clients.ts'
import { conversationReader } from '../../shared/conversations/store.ts'
import type { GatewayConfig } from '../config.ts'
import { LookUps } from './look-up.ts'

/** The option of `signals keys issue gateway` for the key that look-ups need; undefined: none is asked for. */
export const keyOptionOf = ({ GATEWAY_LOOK_UP }: GatewayConfig) => (GATEWAY_LOOK_UP ? '--look-up' : undefined)

interface Opened {
  readonly lookUps: LookUps
  readonly redis: RedisCommands
  close(): Promise<void>
}

/** @returns null: GATEWAY_LOOK_UP is off. @throws ConfigError */
export const openLookUps = (config: GatewayConfig, keyring: Keyring, metrics: Metrics): Opened | null => {
  const { GATEWAY_LOOK_UP, REDIS_URL } = config
  if (!GATEWAY_LOOK_UP) return null
  if (REDIS_URL === undefined)
    throw new ConfigError(
      'REDIS_URL is not set: with GATEWAY_LOOK_UP set it to the Redis of attribution, redis://host:port',
    )
  const redis = instrumentedRedis(openRedis(redisSettings({ ...config, REDIS_URL })), metrics)
  return {
    lookUps: new LookUps(conversationReader(redis), keyring),
    redis,
    close: () => redis.close(),
  }
}
