/**
 * Authorisation through TikTok. An operator requests an address, an advertiser or account owner agrees there, and the callback
 * writes the connection. A grant with missing scopes, or of the wrong advertiser, is revoked and nothing is written.
 */

import type { TikTokApi } from '../../../runtime/adapters/tiktok-api.ts'
import type { Clock } from '../../../runtime/ports.ts'
import type { ConnectionRecord, MessagingApp } from '../../model/connection-record.ts'
import { type ConnectionDraft, parseConnection, TransitionRefused, withToken } from '../connection.ts'
import { accountProblem, addConnection, ConnectionUnknown, type OpenConnections } from '../operations.ts'
import { nextStatus } from '../status.ts'
import { checkEventSet, EventSetUnclear, findEventSet, questionOf } from '../tiktok/event-sets.ts'
import {
  type AdvertiserGrant,
  authoriseUrl,
  type GrantKind,
  type Oauth,
  type OauthSettings,
  ScopesMissing,
  TikTokRefused,
  TikTokUnreachable,
} from '../tiktok/oauth.ts'
import { AuthorisationFailed } from './authorisation-failed.ts'
import type { AuthorisationStatus, Pending, PendingAuthorisations } from './pending-authorisations.ts'
import { isBegunBy } from './pending-authorisations.ts'
import { sealedAccount } from './sealed-account.ts'

const unknownAuthorisation =
  'this authorisation is unknown: it was answered already, or requested more than ten minutes ago; request a new address'
const otherBrowser =
  'this authorisation was begun in another browser: open its address, and agree, in one browser; or request a new address'

export interface AuthorisationTools extends OpenConnections {
  readonly api: TikTokApi
  readonly oauth: Oauth
  readonly settings: OauthSettings
  readonly pending: PendingAuthorisations
  readonly clock: Pick<Clock, 'now'>
  /** As the source's mapping declares; null for a source with messages of several apps. */
  messagingAppOf(source: string): MessagingApp | null
}

/** Parameters of TikTok's redirect, and the cookie of the browser that follows it. */
export interface Callback {
  readonly state: string | null
  readonly code: string | null
  readonly error: string | null
  readonly browser: string | null
}

/** What a person is asked to agree to. */
export interface AuthorisationRequest {
  readonly kind: GrantKind
  readonly connectionId: string
  readonly tenantId: string
}

export class Authorisations {
  readonly #tools: AuthorisationTools
  constructor(tools: AuthorisationTools) {
    this.#tools = tools
  }

  /**
   * @param target a draft of a new connection, or the id of an existing one
   * @returns the address to open in the browser in which the person agrees; `expiresAt` in ms since the epoch
   * @throws TransitionRefused, ConnectionUnknown, DependencyError
   */
  async begin(
    kind: GrantKind,
    target: ConnectionDraft | string,
    actor: string,
  ): Promise<{ id: string; url: string; expiresAt: number }> {
    const { directory, pending, settings, clock } = this.#tools
    const draft = typeof target === 'string' ? null : target
    const connectionId = typeof target === 'string' ? target : target.connectionId
    const existing = directory.byId(connectionId)
    if (draft) {
      const problem = accountProblem(draft, directory)
      if (problem) throw new TransitionRefused(problem)
    } else if (!existing) throw new ConnectionUnknown(connectionId)
    else if (existing.status === 'disconnected')
      throw new TransitionRefused(`${connectionId} is disconnected; authorise it again with a connection file`)
    const { id, state, expiresAt } = await pending.begin({ kind, draft, connectionId, actor }, clock.now())
    return { id, url: `${settings.beginUrl}?${new URLSearchParams({ state })}`, expiresAt }
  }

  /** What it is for, for a person whom its address was sent. @throws AuthorisationFailed, DependencyError */
  async asked(state: string | null): Promise<AuthorisationRequest> {
    const { kind, draft, connectionId } = await this.#pendingOf(state)
    const tenantId = draft?.tenantId ?? this.#tools.directory.byId(connectionId)?.tenantId ?? ''
    return { kind, connectionId, tenantId }
  }

  /** The address at TikTok, for the browser that holds this cookie: it alone can finish. @throws AuthorisationFailed, DependencyError */
  async goOn(state: string | null, browser: string): Promise<string> {
    const { pending, settings, clock } = this.#tools
    const found = await this.#pendingOf(state)
    if (!(await pending.bind(state as string, found, browser, clock.now()))) throw new AuthorisationFailed(otherBrowser)
    return authoriseUrl(found.kind, settings, state as string)
  }

  /** @throws AuthorisationFailed, DependencyError */
  async finish({ state, code, error, browser }: Callback): Promise<ConnectionRecord> {
    const { pending, clock } = this.#tools
    // Read before it is taken: an answer in another browser must not use it up.
    if (!isBegunBy(await this.#pendingOf(state), browser)) throw new AuthorisationFailed(otherBrowser)
    const found = await pending.take(state as string, clock.now())
    if (!found) throw new AuthorisationFailed(unknownAuthorisation)
    try {
      const record = await this.#complete(found.pending, code, error)
      await pending.setStatus(found.id, { status: 'done', connectionId: record.connectionId })
      return record
    } catch (failure) {
      const expected = [
        AuthorisationFailed,
        ScopesMissing,
        TikTokRefused,
        TikTokUnreachable,
        EventSetUnclear,
        TransitionRefused,
      ]
      if (!expected.some((kind) => failure instanceof kind)) throw failure
      const { message } = failure as Error
      await pending.setStatus(found.id, { status: 'failed', message })
      throw new AuthorisationFailed(message)
    }
  }

  status = (id: string): Promise<AuthorisationStatus | null> => this.#tools.pending.status(id)

  async #pendingOf(state: string | null): Promise<Pending> {
    const { pending, clock } = this.#tools
    const found = state ? await pending.peek(state, clock.now()) : null
    if (!found) throw new AuthorisationFailed(unknownAuthorisation)
    return found
  }

  #complete(pending: Pending, code: string | null, error: string | null): Promise<ConnectionRecord> {
    if (error) throw new AuthorisationFailed('the authorisation was denied at TikTok')
    if (!code) throw new AuthorisationFailed('TikTok sent no authorisation code')
    return pending.kind === 'advertiser' ? this.#advertiser(pending, code) : this.#account(pending, code)
  }

  async #advertiser(pending: Pending, code: string): Promise<ConnectionRecord> {
    const { oauth } = this.#tools
    const grant = await oauth.exchangeAdvertiser(code)
    try {
      return await (pending.draft ? this.#connect(pending, pending.draft, grant) : this.#renew(pending, grant))
    } catch (failure) {
      // The grant stays unused. If TikTok does not answer now, the grant lasts until its owner withdraws it.
      await oauth.revokeAdvertiser(grant.token).catch(() => {})
      throw failure
    }
  }

  #advertiserOf(wanted: string | undefined, { advertiserIds }: AdvertiserGrant): string {
    if (wanted !== undefined) {
      if (advertiserIds.includes(wanted)) return wanted
      throw new AuthorisationFailed(`the authorisation is not for advertiser ${wanted}: agree for that advertiser`)
    }
    const [only, ...others] = advertiserIds
    if (only !== undefined && others.length === 0) return only
    throw new AuthorisationFailed(
      only === undefined
        ? 'the authorisation covers no advertiser'
        : `the authorisation covers several advertisers (${advertiserIds.slice(0, 10).join(', ')}): name one as advertiserId`,
    )
  }

  async #connect({ actor }: Pending, draft: ConnectionDraft, grant: AdvertiserGrant): Promise<ConnectionRecord> {
    const { api, directory, messagingAppOf } = this.#tools
    const advertiserId = this.#advertiserOf(draft.advertiserId, grant)
    const question = questionOf(draft, advertiserId, messagingAppOf(draft.source))
    let { eventSetId } = draft
    if (eventSetId !== undefined) {
      if (question) await checkEventSet(api, grant.token, question, eventSetId)
    } else if (!question)
      throw new EventSetUnclear('give eventSetId, or messagingApp (and messagingAccountId) to look it up')
    else eventSetId = await findEventSet(api, grant.token, question)
    const input = parseConnection({
      ...draft,
      advertiserId,
      eventSetId,
      accessToken: grant.token,
      scopes: grant.scopes,
    })
    const { record } = await addConnection(
      input,
      this.#tools,
      { via: 'oauth', actor },
      {
        authorisedBy: 'oauth',
        note: { action: 'authorised' },
        permit: (current) => {
          // Made by another tenant since the address was requested. What another tenant has is not named.
          const others = [current, directory.byAccount(input.source, input.accountId)]
          if (others.some((one) => one && one.status !== 'disconnected' && one.tenantId !== input.tenantId))
            throw new TransitionRefused(`${input.connectionId} or its account is taken: use others`)
        },
      },
    )
    return record
  }

  async #renew({ connectionId, actor }: Pending, grant: AdvertiserGrant): Promise<ConnectionRecord> {
    const { writer, keyring } = this.#tools
    const record = await writer.change(
      connectionId,
      (current, now) => {
        if (!current) throw new AuthorisationFailed(`connection ${connectionId} no longer exists`)
        this.#advertiserOf(current.advertiserId, grant)
        return withToken(current, { token: grant.token, scopes: grant.scopes, authorisedBy: 'oauth' }, now, keyring)
      },
      { action: 'authorised' },
      { via: 'oauth', actor },
    )
    return record as ConnectionRecord
  }

  async #account({ connectionId, actor }: Pending, code: string): Promise<ConnectionRecord> {
    const { oauth, writer, keyring } = this.#tools
    const tokens = await oauth.exchangeAccount(code)
    try {
      const record = await writer.change(
        connectionId,
        (current, now) => {
          if (!current) throw new AuthorisationFailed(`connection ${connectionId} no longer exists`)
          if (current.status === 'disconnected') throw new TransitionRefused(`${connectionId} is disconnected`)
          if (current.accountId !== tokens.openId)
            throw new AuthorisationFailed(`the account that agreed is not the account of ${connectionId}`)
          const account = sealedAccount(connectionId, tokens, now, keyring)
          return {
            ...current,
            account,
            status: nextStatus(current.status, 'newToken'),
            statusCode: null,
            changedAt: now,
          }
        },
        { action: 'account_authorised' },
        { via: 'oauth', actor },
      )
      return record as ConnectionRecord
    } catch (failure) {
      await oauth.revokeAccount(tokens.accessToken).catch(() => {})
      throw failure
    }
  }
}
