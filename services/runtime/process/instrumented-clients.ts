/** Clients that count and time every call by dependency and operation. Stages call once per batch, so the cost per message is negligible. */
import { systemClock } from '../clock.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Producer, RedisCommands, SchemaRegistry } from '../ports.ts'

type Observed = Pick<Metrics, 'observe'>

const timed = async <T>(
  metrics: Observed,
  dependency: 'kafka' | 'redis' | 'registry',
  operation: string,
  call: () => Promise<T>,
): Promise<T> => {
  const started = systemClock.monotonic()
  const observe = (result: 'done' | 'failed') =>
    metrics.observe(
      'signals_dependency_seconds',
      { dependency, operation, result },
      (systemClock.monotonic() - started) / 1000,
    )
  try {
    const value = await call()
    observe('done')
    return value
  } catch (error) {
    observe('failed')
    throw error
  }
}

export const instrumentedRedis = (redis: RedisCommands, metrics: Observed): RedisCommands => ({
  getMany: (keys) => timed(metrics, 'redis', 'get', () => redis.getMany(keys)),
  setMany: (entries) => timed(metrics, 'redis', 'set', () => redis.setMany(entries)),
  // Script names are literals of this code base, so the label is bounded.
  evalMany: (script, calls) => timed(metrics, 'redis', script.name, () => redis.evalMany(script, calls)),
  isCluster: redis.isCluster,
  get disconnects() {
    return redis.disconnects
  },
  info: () => timed(metrics, 'redis', 'info', () => redis.info()),
  ping: () => timed(metrics, 'redis', 'ping', () => redis.ping()),
  close: () => redis.close(),
})

export const instrumentedProducer = (producer: Producer, metrics: Observed): Producer => ({
  send: (records) => timed(metrics, 'kafka', 'produce', () => producer.send(records)),
  close: () => producer.close(),
})

export const instrumentedRegistry = (registry: SchemaRegistry, metrics: Observed): SchemaRegistry => ({
  register: (subject, schema) => timed(metrics, 'registry', 'register', () => registry.register(subject, schema)),
  schemaById: (id, timeoutMs) => timed(metrics, 'registry', 'schema_by_id', () => registry.schemaById(id, timeoutMs)),
  setCompatibility: (subject, level) =>
    timed(metrics, 'registry', 'set_compatibility', () => registry.setCompatibility(subject, level)),
  compatibility: (subject) => timed(metrics, 'registry', 'compatibility', () => registry.compatibility(subject)),
  isCompatible: (subject, schema) =>
    timed(metrics, 'registry', 'is_compatible', () => registry.isCompatible(subject, schema)),
  latest: (subject) => timed(metrics, 'registry', 'latest', () => registry.latest(subject)),
})
