import { kafkaSettingsOf } from '../../services/runtime/config.ts'

/** Addresses of the real Kafka, registry and Redis that test/support/start-parts.ts started. */
export const realParts = () => {
  const read = (name: string) => {
    const value = process.env[name]
    if (!value)
      throw new Error(
        `${name} is not set: integration tests are run by \`make test\` or \`make integration\`, which start the parts`,
      )
    return value
  }
  return {
    brokers: read('KAFKA_BROKERS').split(','),
    /** By the client that KAFKA_CLIENT names. */
    kafka: (clientId: string, client = process.env.KAFKA_CLIENT) =>
      kafkaSettingsOf({ ...process.env, KAFKA_CLIENT: client }, read('KAFKA_BROKERS'), clientId),
    redis: read('REDIS_URL'),
    registry: read('SCHEMA_REGISTRY_URL'),
  }
}
