/** Tokens for Amazon MSK's IAM login: a signed URL, sent by SASL OAUTHBEARER. */
import { DependencyError } from '../../../ports.ts'
import { noToken } from './oauth-token.ts'
import type { BearerToken } from './token-cache.ts'

/** `b-1.name.abc.c2.kafka.eu-west-1.amazonaws.com`, `boot-xyz.c1.kafka-serverless.eu-west-1.amazonaws.com` */
const mskHost = /\.kafka(?:-serverless)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/

/** The AWS region in a broker's name. @param broker host:port */
export const regionOf = (broker: string): string | undefined => mskHost.exec(broker.replace(/:\d+$/, ''))?.[1]

/** Credentials come from where the AWS SDK finds them: environment, profile, container, instance. Its package loads at the first token. */
export const requestMskToken = async (region: string): Promise<BearerToken> => {
  let signer: typeof import('aws-msk-iam-sasl-signer-js')
  try {
    signer = await import('aws-msk-iam-sasl-signer-js')
  } catch (error) {
    throw new DependencyError(
      'kafka',
      `${noToken}: KAFKA_SASL_MECHANISM=AWS_MSK_IAM needs the optional package aws-msk-iam-sasl-signer-js; install it (npm ci without --omit=optional)`,
      { cause: error },
    )
  }
  try {
    const { token, expiryTime } = await signer.generateAuthToken({ region })
    return { value: token, lifetimeMs: expiryTime - Date.now() }
  } catch (error) {
    throw new DependencyError(
      'kafka',
      `${noToken}: the AWS SDK finds no credentials (${(error as Error).name}); attach an IAM role to the process, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
      { cause: error },
    )
  }
}
