/**
 * Refreshes accounts' tokens. TikTok's refresh token changes with every use. The new one is stored before it is used, and the
 * previous one is kept until the new one has worked. A crash between TikTok's answer and our write loses the new token. The
 * refresh then works only if TikTok still accepts the previous one.
 */
import { randomBytes } from 'node:crypto'
import type { Clock, RedisCommands, RedisScript } from '../../../runtime/ports.ts'
import type { AccountGrant, ConnectionRecord } from '../../model/connection-record.ts'
import { sealedAccount } from '../authorisation/sealed-account.ts'
import type { OpenConnections } from '../operations.ts'
import { nextStatus } from '../status.ts'
import { type AccountTokens, type Oauth, TikTokRefused, TikTokUnreachable } from '../tiktok/oauth.ts'
import type { Author } from '../writer.ts'

/** An access token lasts a day; a quarter of it bridges an outage. */
export const refreshAheadMs = 6 * 3_600_000
const lockSeconds = 60

const lock: RedisScript = {
  name: 'refresh-lock',
  source: `return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2])`,
}
const unlock: RedisScript = {
  name: 'refresh-unlock',
  source: `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`,
}

const author: Author = { via: 'keeper', actor: 'token refresh' }

export interface RefreshTools extends OpenConnections {
  readonly oauth: Pick<Oauth, 'refreshAccount' | 'tokenInfo'>
  readonly redis: Pick<RedisCommands, 'evalMany'>
  readonly clock: Pick<Clock, 'now'>
}

export const needsRefresh = ({ status, account }: ConnectionRecord, now: number): boolean =>
  account !== null && (status === 'active' || status === 'paused') && account.expiresAt - now < refreshAheadMs

const sameGrant = (a: AccountGrant | null, b: AccountGrant) => a?.refreshToken.equals(b.refreshToken) ?? false

/** Tries the current refresh token, then the previous one. @throws TikTokRefused, TikTokUnreachable */
const exchange = async (
  connectionId: string,
  account: AccountGrant,
  { oauth, keyring }: RefreshTools,
): Promise<AccountTokens> => {
  const open = (sealed: Buffer) => keyring.unwrap(sealed, `refresh-token:${connectionId}`).toString()
  try {
    return await oauth.refreshAccount(open(account.refreshToken))
  } catch (error) {
    if (!(error instanceof TikTokRefused) || account.previousRefreshToken === null) throw error
    return oauth.refreshAccount(open(account.previousRefreshToken))
  }
}

/** Checks that the new token works, then erases the previous refresh token. */
const confirm = async (record: ConnectionRecord, tokens: AccountTokens, { oauth, writer }: RefreshTools) => {
  await oauth.tokenInfo(tokens.accessToken)
  const { account } = record
  if (!account) return
  await writer.change(
    record.connectionId,
    (current) =>
      current?.account && sameGrant(current.account, account) && current.account.previousRefreshToken !== null
        ? { ...current, account: { ...current.account, previousRefreshToken: null } }
        : null,
    { action: 'token_refreshed', detail: 'the new token works' },
    author,
  )
}

const refresh = async (connectionId: string, account: AccountGrant, tools: RefreshTools) => {
  const { writer, keyring, clock } = tools
  let tokens: AccountTokens
  try {
    tokens = await exchange(connectionId, account, tools)
  } catch (error) {
    if (!(error instanceof TikTokRefused)) throw error
    await writer.change(
      connectionId,
      (current, now) => {
        if (!current?.account || !sameGrant(current.account, account)) return null
        const status = nextStatus(current.status, 'tokenRefused')
        return status === current.status ? null : { ...current, status, statusCode: error.code, changedAt: now }
      },
      { action: 'account_refused', code: error.code },
      author,
    )
    return
  }
  const stored = await writer.change(
    connectionId,
    (current) =>
      current?.account && sameGrant(current.account, account)
        ? {
            ...current,
            account: sealedAccount(connectionId, tokens, clock.now(), keyring, current.account.refreshToken),
          }
        : null,
    { action: 'token_refreshed' },
    author,
  )
  if (stored) await confirm(stored, tokens, tools)
}

/**
 * Refreshes the tokens that are due. A lock in Redis lets one process at a time work on a connection.
 * @returns ids of the connections that failed because TikTok does not answer; the next call tries them again
 * @throws DependencyError
 */
export const refreshDue = async (tools: RefreshTools): Promise<readonly string[]> => {
  const failed: string[] = []
  for (const { connectionId } of tools.directory.all().filter((one) => needsRefresh(one, tools.clock.now()))) {
    const owner = randomBytes(8).toString('hex')
    const keys = [`oauth:refresh:${connectionId}`]
    const [taken] = await tools.redis.evalMany(lock, [{ keys, args: [owner, lockSeconds] }])
    if (taken === null) continue
    try {
      // Checked again under the lock: its previous holder may have refreshed the token.
      const current = tools.directory.byId(connectionId)
      if (current?.account && needsRefresh(current, tools.clock.now()))
        await refresh(connectionId, current.account, tools)
    } catch (error) {
      if (!(error instanceof TikTokUnreachable || error instanceof TikTokRefused)) throw error
      failed.push(connectionId)
    } finally {
      await tools.redis.evalMany(unlock, [{ keys, args: [owner] }])
    }
  }
  return failed
}
