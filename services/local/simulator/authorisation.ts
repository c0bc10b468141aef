/**
 * Simulates TikTok's OAuth without HTTP. Codes work once, and advertisers' tokens do not expire. Accounts' tokens have a refresh
 * token that changes with every use. Also holds the advertisers' message event sets.
 */
import { randomBytes } from 'node:crypto'

/** The app that `signals up` configures in the console for this simulator. */
export const simulatorApp = { id: 'simulator-app', secret: 'simulator-secret' } as const

export interface ApiAnswer {
  readonly code: number
  readonly message: string
  readonly data: unknown
}

type Kind = 'advertiser' | 'account'
interface Code {
  readonly kind: Kind
  readonly scopes: readonly string[]
  readonly advertiserIds: readonly string[]
  readonly openId: string
  readonly expiresAt: number
}
interface Account {
  readonly openId: string
  readonly scopes: readonly string[]
  accessToken: string
  accessExpiresAt: number
  refreshToken: string
  /** Valid until the new token has been used, because the answer to a refresh may be lost. */
  previousRefreshToken: string | null
}
export interface EventSet {
  readonly advertiserId: string
  readonly app: string
  readonly accountId: string
  readonly eventSetId: string
  readonly name: string
  /** Whether it belongs to the account. TikTok lists the advertiser's other event sets too. */
  readonly matched: boolean
}

const codeLifeMs: Record<Kind, number> = { advertiser: 3_600_000, account: 600_000 }
const accessSeconds = 86_400
const refreshSeconds = 31_536_000

const ok = (data: unknown): ApiAnswer => ({ code: 0, message: 'OK', data })
const no = (code: number, message: string): ApiAnswer => ({ code, message, data: {} })
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const newToken = (prefix: string) => `${prefix}-${randomBytes(16).toString('hex')}`

export class Authorisation {
  readonly #now: () => number
  readonly #codes = new Map<string, Code>()
  readonly #advertisers = new Map<string, readonly string[]>()
  readonly #accounts = new Map<string, Account>()
  readonly #sets: EventSet[] = []
  /** Revoked tokens: every endpoint refuses them. */
  readonly revoked = new Set<string>()
  readonly #seconds: number

  constructor(now: () => number, accessTokenSeconds = accessSeconds) {
    this.#now = now
    this.#seconds = accessTokenSeconds
  }

  /** Issues a code, as after an agreement on the page. */
  grant(kind: Kind, scopes: readonly string[], advertiserIds: readonly string[], openId: string): string {
    const code = newToken('code')
    this.#codes.set(code, { kind, scopes, advertiserIds, openId, expiresAt: this.#now() + codeLifeMs[kind] })
    return code
  }

  addEventSet(set: EventSet) {
    this.#sets.push(set)
  }

  /** Ends an account's grant, as its owner can do at TikTok. */
  withdraw(openId: string) {
    const account = this.#accounts.get(openId)
    if (account) this.revoked.add(account.accessToken)
    this.#accounts.delete(openId)
  }

  /** @param path below /open_api/v1.3/ @returns null when the path is not an authorisation endpoint */
  call(
    method: string,
    path: string,
    input: Readonly<Record<string, unknown>>,
    token: string | undefined,
  ): ApiAnswer | null {
    switch (`${method} ${path}`) {
      case 'POST oauth2/access_token/':
        return this.#app(input.app_id, input.secret) ?? this.#advertiserToken(text(input.auth_code))
      case 'POST oauth2/revoke_token/':
        return this.#app(input.app_id, input.secret) ?? this.#revoke(text(input.access_token))
      case 'GET oauth2/advertiser/get/':
        return this.#app(input.app_id, input.secret) ?? this.#advertiserList(token)
      case 'POST tt_user/oauth2/token/':
        return this.#app(input.client_id, input.client_secret) ?? this.#accountToken(text(input.auth_code))
      case 'POST tt_user/oauth2/refresh_token/':
        return this.#app(input.client_id, input.client_secret) ?? this.#renewToken(text(input.refresh_token))
      case 'POST tt_user/oauth2/revoke/':
        return this.#app(input.client_id, input.client_secret) ?? this.#revokeAccount(text(input.access_token))
      case 'POST tt_user/token_info/get/':
        return this.#tokenInfo(text(input.access_token))
      case 'GET ctm/message_event_set/get/':
        return this.#eventSets(input, token)
      default:
        return null
    }
  }

  #app(id: unknown, secret: unknown): ApiAnswer | null {
    return id === simulatorApp.id && secret === simulatorApp.secret ? null : no(40110, 'App id or secret is incorrect.')
  }

  #take(code: string, kind: Kind): Code | ApiAnswer {
    const found = this.#codes.get(code)
    this.#codes.delete(code)
    if (!found || found.kind !== kind) return no(40110, 'Auth_code is incorrect or has been used.')
    return found.expiresAt < this.#now() ? no(40110, 'Auth_code is expired.') : found
  }

  #advertiserToken(code: string): ApiAnswer {
    const found = this.#take(code, 'advertiser')
    if ('code' in found) return found
    const token = newToken('act')
    this.#advertisers.set(token, found.advertiserIds)
    // Scope ids are numbers above 2^53; the portal prints their digits unchanged, as TikTok does.
    return ok({ access_token: token, advertiser_ids: found.advertiserIds, scope: found.scopes })
  }

  #known(token: string | undefined): ApiAnswer | null {
    if (!token) return no(40104, 'Access token is empty')
    return this.revoked.has(token) ? no(40105, 'Access token is incorrect or has been revoked.') : null
  }

  #advertiserList(token: string | undefined): ApiAnswer {
    const refused = this.#known(token)
    if (refused) return refused
    const list = (this.#advertisers.get(token as string) ?? []).map((advertiser_id) => ({
      advertiser_id,
      advertiser_name: `advertiser ${advertiser_id}`,
    }))
    return ok({ list })
  }

  #revoke(token: string): ApiAnswer {
    this.#advertisers.delete(token)
    this.revoked.add(token)
    return ok({})
  }

  #tokens(account: Account): ApiAnswer {
    return ok({
      access_token: account.accessToken,
      token_type: 'Bearer',
      scope: account.scopes.join(','),
      expires_in: this.#seconds,
      refresh_token: account.refreshToken,
      refresh_token_expires_in: refreshSeconds,
      open_id: account.openId,
    })
  }

  #accountToken(code: string): ApiAnswer {
    const found = this.#take(code, 'account')
    if ('code' in found) return found
    const account: Account = {
      openId: found.openId,
      scopes: found.scopes,
      accessToken: newToken('ttu'),
      accessExpiresAt: this.#now() + this.#seconds * 1000,
      refreshToken: newToken('rft'),
      previousRefreshToken: null,
    }
    this.#accounts.set(found.openId, account)
    return this.#tokens(account)
  }

  #renewToken(token: string): ApiAnswer {
    const account = [...this.#accounts.values()].find(
      ({ refreshToken, previousRefreshToken }) => token === refreshToken || token === previousRefreshToken,
    )
    if (!account) return no(40105, 'Refresh token is incorrect or has been used.')
    account.previousRefreshToken = token
    account.accessToken = newToken('ttu')
    account.accessExpiresAt = this.#now() + this.#seconds * 1000
    account.refreshToken = newToken('rft')
    return this.#tokens(account)
  }

  #accountOf(token: string) {
    return [...this.#accounts.values()].find(({ accessToken }) => accessToken === token)
  }

  #revokeAccount(token: string): ApiAnswer {
    const account = this.#accountOf(token)
    this.revoked.add(token)
    if (account) this.#accounts.delete(account.openId)
    return ok({})
  }

  #tokenInfo(token: string): ApiAnswer {
    const account = this.#accountOf(token)
    if (!account || this.revoked.has(token)) return no(40105, 'Access token is incorrect or has been revoked.')
    if (account.accessExpiresAt < this.#now()) return no(40102, 'Access token has expired.')
    // The use of the new token proves that its answer arrived.
    account.previousRefreshToken = null
    return ok({ app_id: simulatorApp.id, creator_id: account.openId, scope: account.scopes.join(',') })
  }

  #eventSets(input: Readonly<Record<string, unknown>>, token: string | undefined): ApiAnswer {
    const refused = this.#known(token)
    if (refused) return refused
    const app = text(input.messaging_app_type)
    if (!['MESSENGER', 'WHATSAPP', 'ZALO'].includes(app))
      return no(40002, 'messaging_app_type: Must be one of: MESSENGER, WHATSAPP, ZALO.')
    const found = this.#sets.filter((set) => set.advertiserId === text(input.advertiser_id) && set.app === app)
    const form = ({ eventSetId, name }: EventSet) => ({
      message_event_set_id: eventSetId,
      message_event_name: name,
      create_time: '2026-01-01 00:00:00',
    })
    const matched = found.find((set) => set.matched && set.accountId === text(input.messaging_app_account_id))
    return ok({ message_event_set_list: found.map(form), matched_event_set: matched ? form(matched) : null })
  }
}
