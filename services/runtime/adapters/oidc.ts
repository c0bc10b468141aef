/** Login at an OpenID Connect provider: authorisation code with PKCE, state and nonce. */
import * as oidc from 'openid-client'
import { isLoopbackUrl } from '../../shared/text/secure-url.ts'

/** What the login must answer to. It stays at the console. */
export interface LoginChecks {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

export type LoginClaims = Readonly<Record<string, unknown>>

/** The provider refused the login, or its answer does not hold. The message contains no token and no code. */
export class LoginFailed extends Error {
  override readonly name = 'LoginFailed'
}

export interface LoginProvider {
  /** @throws LoginFailed */
  begin(): Promise<{ readonly url: string; readonly checks: LoginChecks }>
  /** @param query of the provider's redirect. @throws LoginFailed */
  finish(query: string, checks: LoginChecks): Promise<LoginClaims>
}

export interface LoginProviderSettings {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string | undefined
  readonly scopes: string
  /** As it is registered with the provider. */
  readonly redirectUrl: string
}

const timeoutSeconds = 10

/** The provider's code or our own, never its description, which may quote the request. */
const reasonOf = (error: unknown): string => {
  if (error instanceof oidc.AuthorizationResponseError || error instanceof oidc.ResponseBodyError) return error.error
  return (error instanceof oidc.ClientError && error.code) || 'it does not answer'
}

/** Asks the provider for its metadata at the first login, and again after a failure. */
export const openLoginProvider = (settings: LoginProviderSettings): LoginProvider => {
  const { issuer, clientId, clientSecret, scopes, redirectUrl } = settings
  let known: Promise<oidc.Configuration> | undefined
  const discover = () => {
    known ??= oidc
      .discovery(
        new URL(issuer),
        clientId,
        undefined,
        clientSecret === undefined ? oidc.None() : oidc.ClientSecretBasic(clientSecret),
        { timeout: timeoutSeconds, ...(isLoopbackUrl(issuer) ? { execute: [oidc.allowInsecureRequests] } : {}) },
      )
      .catch((error: unknown) => {
        known = undefined
        throw error
      })
    return known
  }
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw new LoginFailed(`the login at the provider failed: ${reasonOf(error)}`)
    }
  }
  return {
    begin: () =>
      attempt(async () => {
        const config = await discover()
        const checks = {
          state: oidc.randomState(),
          nonce: oidc.randomNonce(),
          codeVerifier: oidc.randomPKCECodeVerifier(),
        }
        const url = oidc.buildAuthorizationUrl(config, {
          redirect_uri: redirectUrl,
          scope: scopes,
          state: checks.state,
          nonce: checks.nonce,
          code_challenge: await oidc.calculatePKCECodeChallenge(checks.codeVerifier),
          code_challenge_method: 'S256',
        })
        return { url: url.href, checks }
      }),
    finish: (query, { state, nonce, codeVerifier }) =>
      attempt(async () => {
        const url = new URL(redirectUrl)
        url.search = query
        const tokens = await oidc.authorizationCodeGrant(await discover(), url, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: codeVerifier,
          idTokenExpected: true,
        })
        return tokens.claims() ?? {}
      }),
  }
}
