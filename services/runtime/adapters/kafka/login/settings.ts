/** How a process logs in at Kafka (SASL), parsed from the environment. Imports no client. */
import { z } from 'zod'
import { secureUrl } from '../../../../shared/text/secure-url.ts'
import { regionOf, requestMskToken } from './msk-iam.ts'
import { requestOauthToken } from './oauth-token.ts'
import { tokenCache } from './token-cache.ts'

const byPassword = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const
const mechanisms = [...byPassword, 'OAUTHBEARER', 'AWS_MSK_IAM'] as const

/** `logicalCluster=lkc-1,identityPoolId=pool-2` */
const extensions = z.string().transform((text, context): Readonly<Record<string, string>> => {
  const pairs = text.split(',').map((pair) => /^\s*([A-Za-z]+)=([\x21-\x2b\x2d-\x7e]+)\s*$/.exec(pair))
  if (pairs.includes(null)) {
    context.addIssue({ code: 'custom', message: 'must be name=value, several comma separated; names are letters' })
    return z.NEVER
  }
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? '']))
})

/** docs/contracts.md, section 13. */
export const kafkaLoginFields = {
  KAFKA_SASL_MECHANISM: z.enum(mechanisms).optional(),
  KAFKA_SASL_USERNAME: z.string().optional(),
  KAFKA_SASL_PASSWORD: z.string().optional(),
  KAFKA_OAUTH_TOKEN_URL: secureUrl.optional(),
  KAFKA_OAUTH_CLIENT_ID: z.string().optional(),
  KAFKA_OAUTH_CLIENT_SECRET: z.string().optional(),
  KAFKA_OAUTH_SCOPE: z.string().optional(),
  /** Sent with the token; Confluent Cloud needs two of them. */
  KAFKA_OAUTH_EXTENSIONS: extensions.optional(),
  /** Of Amazon MSK; default: the region in the first broker's name. */
  AWS_REGION: z.string().optional(),
} as const
export type KafkaLoginConfig = z.output<z.ZodObject<typeof kafkaLoginFields>>

export type KafkaSasl =
  | { readonly mechanism: (typeof byPassword)[number]; readonly username: string; readonly password: string }
  | {
      readonly mechanism: 'OAUTHBEARER'
      /** Called at every login and re-login. */
      readonly token: () => Promise<string>
      readonly extensions: Readonly<Record<string, string>>
    }

type Name = keyof KafkaLoginConfig

const needed: Readonly<Record<(typeof mechanisms)[number], readonly Name[]>> = {
  PLAIN: ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'],
  'SCRAM-SHA-256': ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'],
  'SCRAM-SHA-512': ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'],
  OAUTHBEARER: ['KAFKA_OAUTH_TOKEN_URL', 'KAFKA_OAUTH_CLIENT_ID', 'KAFKA_OAUTH_CLIENT_SECRET'],
  AWS_MSK_IAM: [],
}

/** What a login lacks, one line each, with the remedy. @param protocol one with SASL */
export const loginProblems = (
  config: KafkaLoginConfig,
  protocol: string,
  brokers: readonly string[],
): readonly string[] => {
  const mechanism = config.KAFKA_SASL_MECHANISM
  if (mechanism === undefined)
    return [
      `KAFKA_SASL_MECHANISM is not set: KAFKA_SECURITY_PROTOCOL=${protocol} needs one of ${mechanisms.join(', ')}`,
    ]
  const problems = needed[mechanism]
    .filter((name) => config[name] === undefined)
    .map((name) => `${name} is not set: KAFKA_SASL_MECHANISM=${mechanism} needs it`)
  if (mechanism === 'AWS_MSK_IAM' && config.AWS_REGION === undefined && regionOf(brokers[0] ?? '') === undefined)
    problems.push(
      'AWS_REGION is not set: KAFKA_SASL_MECHANISM=AWS_MSK_IAM needs it, as no broker is named by its region',
    )
  return problems
}

/** @param config one for which `loginProblems` is empty */
export const toSasl = (config: KafkaLoginConfig, brokers: readonly string[]): KafkaSasl => {
  const mechanism = config.KAFKA_SASL_MECHANISM
  const given = (name: Exclude<Name, 'KAFKA_OAUTH_EXTENSIONS'>) => config[name] as string
  if (mechanism === 'OAUTHBEARER') {
    const client = {
      tokenUrl: given('KAFKA_OAUTH_TOKEN_URL'),
      clientId: given('KAFKA_OAUTH_CLIENT_ID'),
      clientSecret: given('KAFKA_OAUTH_CLIENT_SECRET'),
      scope: config.KAFKA_OAUTH_SCOPE,
    }
    const token = tokenCache(() => requestOauthToken(client), Date.now)
    return { mechanism, token, extensions: config.KAFKA_OAUTH_EXTENSIONS ?? {} }
  }
  if (mechanism === 'AWS_MSK_IAM') {
    const region = config.AWS_REGION ?? regionOf(brokers[0] ?? '') ?? ''
    return { mechanism: 'OAUTHBEARER', token: tokenCache(() => requestMskToken(region), Date.now), extensions: {} }
  }
  return {
    mechanism: mechanism as (typeof byPassword)[number],
    username: given('KAFKA_SASL_USERNAME'),
    password: given('KAFKA_SASL_PASSWORD'),
  }
}
