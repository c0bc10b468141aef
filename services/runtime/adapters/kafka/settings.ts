/** Connection settings of Kafka, parsed from the environment. Imports no client. */
import zlib from 'node:zlib'
import { z } from 'zod'
import { prefixFields } from '../prefix.ts'
import { pairProblems, pemOf, pemProblems } from '../tls.ts'
import { type KafkaSasl, kafkaLoginFields, loginProblems, toSasl } from './login/settings.ts'

const protocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const
const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const clients = ['platformatic', 'kafkajs'] as const

/** docs/contracts.md, section 13. */
export const kafkaFields = {
  KAFKA_CLIENT: z.enum(clients).default('platformatic'),
  KAFKA_SECURITY_PROTOCOL: z.enum(protocols).default('PLAINTEXT'),
  ...kafkaLoginFields,
  ...prefixFields,
  KAFKA_COMPRESSION: z
    .enum(compressions)
    .refine((name) => name !== 'zstd' || 'zstdCompressSync' in zlib, 'zstd needs Node 22.15 or later')
    .default('none'),
  /** Name of this instance of its stage, for static membership. */
  KAFKA_INSTANCE_ID: z
    .string()
    .regex(/^[\w.-]{1,200}$/, 'must be at most 200 letters, digits and . _ -')
    .optional(),
  /** PEM text, or the path of a PEM file. */
  KAFKA_SSL_CA: z.string().optional(),
  KAFKA_SSL_CERT: z.string().optional(),
  KAFKA_SSL_KEY: z.string().optional(),
} as const

export interface KafkaTls {
  /** PEM text; undefined for the authorities that Node trusts. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export interface KafkaSettings {
  /** host:port */
  readonly brokers: readonly string[]
  /** Names this process in the broker's logs and quotas. */
  readonly clientId: string
  readonly client: (typeof clients)[number]
  readonly tls?: KafkaTls
  readonly sasl?: KafkaSasl
  /** Before the name of every topic and group. */
  readonly prefix?: string
  /** Of produced batches. */
  readonly compression?: Exclude<(typeof compressions)[number], 'none'>
}

export type KafkaConfig = z.output<z.ZodObject<typeof kafkaFields>>

/** Contradictions between settings, one line each, with the remedy. */
export const kafkaProblems = (config: KafkaConfig, brokers: readonly string[]): readonly string[] => {
  const { KAFKA_SECURITY_PROTOCOL: protocol } = config
  const problems: string[] = []
  if (protocol.startsWith('SASL')) {
    problems.push(...loginProblems(config, protocol, brokers))
  } else if (config.KAFKA_SASL_MECHANISM !== undefined) {
    problems.push(
      `KAFKA_SASL_MECHANISM: needs KAFKA_SECURITY_PROTOCOL SASL_SSL or SASL_PLAINTEXT, which is ${protocol}`,
    )
  }
  if (config.KAFKA_INSTANCE_ID !== undefined && config.KAFKA_CLIENT === 'kafkajs')
    problems.push('KAFKA_INSTANCE_ID: needs KAFKA_CLIENT=platformatic, since kafkajs has no static members')
  problems.push(
    ...pairProblems(config, ['KAFKA_SSL_CERT', 'KAFKA_SSL_KEY']),
    ...pemProblems(config, ['KAFKA_SSL_CA', 'KAFKA_SSL_CERT', 'KAFKA_SSL_KEY']),
  )
  return problems
}

const tlsOf = (config: KafkaConfig): KafkaTls => {
  const [ca, cert, key] = [config.KAFKA_SSL_CA, config.KAFKA_SSL_CERT, config.KAFKA_SSL_KEY].map(pemOf)
  return { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) }
}

/** @param config a configuration for which `kafkaProblems` is empty */
export const toKafkaSettings = (config: KafkaConfig, brokers: readonly string[], clientId: string): KafkaSettings => {
  const protocol = config.KAFKA_SECURITY_PROTOCOL
  return {
    brokers,
    clientId,
    client: config.KAFKA_CLIENT,
    ...(protocol.endsWith('SSL') ? { tls: tlsOf(config) } : {}),
    ...(protocol.startsWith('SASL') ? { sasl: toSasl(config, brokers) } : {}),
    ...(config.KAFKA_COMPRESSION === 'none' ? {} : { compression: config.KAFKA_COMPRESSION }),
    ...(config.KAFKA_TOPIC_PREFIX === '' ? {} : { prefix: config.KAFKA_TOPIC_PREFIX }),
  }
}
