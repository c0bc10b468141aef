/** Tokens for SASL OAUTHBEARER, from a token endpoint by the client credentials grant. */

import { isLoopbackUrl } from '../../../../shared/text/secure-url.ts'
import { DependencyError } from '../../../ports.ts'
import type { BearerToken } from './token-cache.ts'

export interface OauthClient {
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret: string
  readonly scope: string | undefined
}

const timeoutSeconds = 10
/** For endpoints that do not say how long a token is valid. */
const assumedLifetimeSeconds = 300

const remedies: Readonly<Record<string, string>> = {
  invalid_client: 'check KAFKA_OAUTH_CLIENT_ID and KAFKA_OAUTH_CLIENT_SECRET',
  unauthorized_client: 'allow the client of KAFKA_OAUTH_CLIENT_ID the client credentials grant',
  invalid_scope: 'check KAFKA_OAUTH_SCOPE',
}

/** The prefix of every failure, by which `errors.ts` finds it within an error of a client. */
export const noToken = 'Kafka gets no token of this process'

/** Messages contain the endpoint's error code, never its description, which may quote the request. */
const failure = (why: string, remedy: string, cause: unknown) =>
  new DependencyError('kafka', `${noToken}: ${why}; ${remedy}`, { cause })

export const requestOauthToken = async ({
  tokenUrl,
  clientId,
  clientSecret,
  scope,
}: OauthClient): Promise<BearerToken> => {
  const oidc = await import('openid-client')
  const config = new oidc.Configuration(
    { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl },
    clientId,
    undefined,
    oidc.ClientSecretBasic(clientSecret),
  )
  config.timeout = timeoutSeconds
  if (isLoopbackUrl(tokenUrl)) oidc.allowInsecureRequests(config)
  try {
    const { access_token, expires_in } = await oidc.clientCredentialsGrant(config, scope === undefined ? {} : { scope })
    return { value: access_token, lifetimeMs: (expires_in ?? assumedLifetimeSeconds) * 1_000 }
  } catch (error) {
    const code = error instanceof oidc.ResponseBodyError ? error.error : undefined
    // A rejection by the challenge of HTTP carries no code of OAuth.
    if (code === undefined && error instanceof oidc.WWWAuthenticateChallengeError)
      throw failure('the token endpoint refuses the client', remedies.invalid_client as string, error)
    if (code === undefined)
      throw failure('the token endpoint does not answer as expected', 'check KAFKA_OAUTH_TOKEN_URL', error)
    throw failure(
      `the token endpoint refuses (${code})`,
      remedies[code] ?? 'check KAFKA_OAUTH_CLIENT_ID and KAFKA_OAUTH_SCOPE',
      error,
    )
  }
}
