/** Creates the kafkajs client, with its log off. */
import kafkajs, { type Kafka, type KafkaConfig } from 'kafkajs'
import type { KafkaSasl } from '../login/settings.ts'
import type { KafkaSettings } from '../settings.ts'
import { registerCodecs } from './codecs.ts'
import { tokenLogin } from './token-login.ts'

const saslOf = (sasl: KafkaSasl): NonNullable<KafkaConfig['sasl']> => {
  if (sasl.mechanism === 'OAUTHBEARER') return { mechanism: 'oauthbearer', authenticationProvider: tokenLogin(sasl) }
  const { username, password } = sasl
  if (sasl.mechanism === 'PLAIN') return { mechanism: 'plain', username, password }
  if (sasl.mechanism === 'SCRAM-SHA-256') return { mechanism: 'scram-sha-256', username, password }
  return { mechanism: 'scram-sha-512', username, password }
}

/** kafkajs logs rebalances and retries as errors. The adapter uses its events and exceptions instead. */
export const createClient = ({ brokers, clientId, tls, sasl }: KafkaSettings): Kafka => {
  registerCodecs()
  return new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 3_000,
    requestTimeout: 15_000,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 },
    ...(tls ? { ssl: { ...tls } } : {}),
    ...(sasl ? { sasl: saslOf(sasl) } : {}),
  })
}
