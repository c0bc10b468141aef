/** Client of TikTok's OAuth: authorisation addresses, and the exchange, refresh and revocation of tokens. */
import type { ApiCall, ApiResult, TikTokApi } from '../../../runtime/adapters/tiktok-api.ts'

export type GrantKind = 'advertiser' | 'account'

export interface TikTokApp {
  readonly id: string
  readonly secret: string
}

export interface OauthSettings {
  readonly app: TikTokApp
  /** Page on which an advertiser agrees. */
  readonly authUrl: string
  /** Page on which a TikTok account's owner agrees. */
  readonly accountAuthUrl: string
  /** Address of ours at which a person sees what will be connected, before TikTok's page. */
  readonly beginUrl: string
  readonly callbackUrl: string
  /** Scopes that each kind of grant must have. */
  readonly scopes: Readonly<Record<GrantKind, readonly string[]>>
}

/** TikTok answered with an error; `code` is TikTok's. */
export class TikTokRefused extends Error {
  override readonly name = 'TikTokRefused'
  readonly code: number
  constructor(what: string, code: number) {
    super(`TikTok refuses ${what} with code ${code}`)
    this.code = code
  }
}

/** TikTok did not answer, or not in the documented form: whether the call took effect is unknown. */
export class TikTokUnreachable extends Error {
  override readonly name = 'TikTokUnreachable'
}

/** Meaning of the scopes that the pipeline needs, as TikTok's page shows it. */
const scopeNames: Readonly<Record<string, string>> = {
  '7224195155857866754': 'report events',
  'user.info.basic': 'see which account it is',
  'message.list.read': 'read its messages',
}
const whoAgrees: Readonly<Record<GrantKind, string>> = { advertiser: 'the advertiser', account: "the account's owner" }

/** The grant lacks required scopes. */
export class ScopesMissing extends Error {
  override readonly name = 'ScopesMissing'
  constructor(kind: GrantKind, missing: readonly string[]) {
    const named = missing.map((scope) => (scopeNames[scope] ? `${scope} (${scopeNames[scope]})` : scope))
    super(
      `the grant lacks scopes; missing: ${named.join(', ')}; request a new address and have ${whoAgrees[kind]} agree there with every permission left on; TikTok must first grant your app a permission that the page does not offer`,
    )
  }
}

export interface AdvertiserGrant {
  readonly token: string
  readonly advertiserIds: readonly string[]
  readonly scopes: readonly string[]
}

export interface AccountTokens {
  readonly openId: string
  readonly accessToken: string
  readonly refreshToken: string
  readonly scopes: readonly string[]
  /** Seconds. */
  readonly expiresIn: number
  readonly refreshExpiresIn: number
}

const missingScopes = (needed: readonly string[], granted: readonly string[]): string[] =>
  needed.filter((scope) => !granted.includes(scope))

export const authoriseUrl = (kind: GrantKind, settings: OauthSettings, state: string): string => {
  const url = new URL(kind === 'advertiser' ? settings.authUrl : settings.accountAuthUrl)
  const fields =
    kind === 'advertiser'
      ? { app_id: settings.app.id, state, redirect_uri: settings.callbackUrl }
      : {
          client_key: settings.app.id,
          response_type: 'code',
          scope: settings.scopes.account.join(','),
          // TikTok shows the page also to an owner who agreed before.
          disable_auto_auth: '1',
          state,
          redirect_uri: settings.callbackUrl,
        }
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value)
  return url.href
}

/** @throws TikTokRefused, TikTokUnreachable */
const dataOf = (result: ApiResult, what: string): Readonly<Record<string, unknown>> => {
  if (result.kind === 'failed') throw new TikTokUnreachable(`TikTok does not answer about ${what}: ${result.reason}`)
  if (result.code !== 0) throw new TikTokRefused(what, result.code)
  return result.data
}

const text = (value: unknown, what: string): string => {
  if (typeof value === 'string' && value !== '') return value
  throw new TikTokUnreachable(`TikTok's answer lacks ${what}`)
}
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.map(String) : typeof value === 'string' ? value.split(/[, ]+/).filter(Boolean) : []

export class Oauth {
  readonly #api: TikTokApi
  readonly #settings: OauthSettings
  constructor(api: TikTokApi, settings: OauthSettings) {
    this.#api = api
    this.#settings = settings
  }

  get #advertiserApp() {
    return { app_id: this.#settings.app.id, secret: this.#settings.app.secret }
  }
  get #accountApp() {
    return { client_id: this.#settings.app.id, client_secret: this.#settings.app.secret }
  }

  async #post(path: string, body: ApiCall['body'], what: string) {
    return dataOf(await this.#api.call('POST', path, body ? { body } : {}), what)
  }

  /** @throws ScopesMissing */
  #requireScopes(kind: GrantKind, granted: readonly string[]) {
    const missing = missingScopes(this.#settings.scopes[kind], granted)
    if (missing.length > 0) throw new ScopesMissing(kind, missing)
  }

  /** @throws ScopesMissing, TikTokRefused, TikTokUnreachable */
  async exchangeAdvertiser(code: string): Promise<AdvertiserGrant> {
    const data = await this.#post(
      'oauth2/access_token/',
      { ...this.#advertiserApp, auth_code: code },
      'the authorisation code',
    )
    const token = text(data.access_token, 'access_token')
    const scopes = texts(data.scope)
    try {
      this.#requireScopes('advertiser', scopes)
    } catch (error) {
      // If TikTok does not answer now, the grant lasts until its owner withdraws it.
      await this.revokeAdvertiser(token).catch(() => {})
      throw error
    }
    return { token, advertiserIds: texts(data.advertiser_ids), scopes }
  }

  /** Ids of the advertisers that the token covers. @throws TikTokRefused, TikTokUnreachable */
  async advertisers(token: string): Promise<string[]> {
    const data = dataOf(
      await this.#api.call('GET', 'oauth2/advertiser/get/', { query: this.#advertiserApp, token }),
      'the list of advertisers',
    )
    return (Array.isArray(data.list) ? data.list : []).map((one: { advertiser_id?: unknown }) =>
      String(one?.advertiser_id ?? ''),
    )
  }

  /** @throws TikTokRefused, TikTokUnreachable */
  async revokeAdvertiser(token: string): Promise<void> {
    await this.#post('oauth2/revoke_token/', { ...this.#advertiserApp, access_token: token }, 'to revoke the token')
  }

  #accountTokens(data: Readonly<Record<string, unknown>>): AccountTokens {
    return {
      openId: text(data.open_id, 'open_id'),
      accessToken: text(data.access_token, 'access_token'),
      refreshToken: text(data.refresh_token, 'refresh_token'),
      scopes: texts(data.scope),
      expiresIn: Number(data.expires_in) || 86_400,
      refreshExpiresIn: Number(data.refresh_token_expires_in) || 31_536_000,
    }
  }

  /** @throws ScopesMissing, TikTokRefused, TikTokUnreachable */
  async exchangeAccount(code: string): Promise<AccountTokens> {
    const { callbackUrl } = this.#settings
    const body = { ...this.#accountApp, grant_type: 'authorization_code', auth_code: code, redirect_uri: callbackUrl }
    const data = await this.#post('tt_user/oauth2/token/', body, 'the authorisation code')
    try {
      // First the scopes: without `user.info.basic` the answer has no open_id.
      this.#requireScopes('account', texts(data.scope))
      return this.#accountTokens(data)
    } catch (error) {
      if (typeof data.access_token === 'string') await this.revokeAccount(data.access_token).catch(() => {})
      throw error
    }
  }

  /** Uses up the refresh token: store the new one before using it. @throws TikTokRefused, TikTokUnreachable */
  async refreshAccount(refreshToken: string): Promise<AccountTokens> {
    const body = { ...this.#accountApp, grant_type: 'refresh_token', refresh_token: refreshToken }
    return this.#accountTokens(await this.#post('tt_user/oauth2/refresh_token/', body, 'the refresh token'))
  }

  /** Scopes of an account's token. @throws TikTokRefused, TikTokUnreachable */
  async tokenInfo(accessToken: string): Promise<string[]> {
    const body = { app_id: this.#settings.app.id, access_token: accessToken }
    return texts((await this.#post('tt_user/token_info/get/', body, "the account's token")).scope)
  }

  /** @throws TikTokRefused, TikTokUnreachable */
  async revokeAccount(accessToken: string): Promise<void> {
    await this.#post(
      'tt_user/oauth2/revoke/',
      { ...this.#accountApp, access_token: accessToken },
      'to revoke the token',
    )
  }
}
