/** What the bearer of a token may do, and for whom. Pure. */
import type { TokenAccount, TokenRecord, TokenScope } from '../model/token-record.ts'

export interface TokenAccess {
  /** The token's id, or the name of the setting that holds the token. */
  readonly id: string
  /** null: all tenants. */
  readonly tenantId: string | null
  /** null: all accounts of the tenant. */
  readonly accounts: readonly TokenAccount[] | null
  readonly scopes: readonly TokenScope[]
}

export const accessOf = ({ tokenId, tenantId, accounts, scopes }: TokenRecord): TokenAccess => ({
  id: tokenId,
  tenantId,
  accounts,
  scopes,
})

/** The access that a token in a setting gives: for all tenants. */
export const settingAccess = (setting: string, scopes: readonly TokenScope[]): TokenAccess => ({
  id: setting,
  tenantId: null,
  accounts: null,
  scopes,
})

const includedIn: Readonly<Record<TokenScope, readonly TokenScope[]>> = {
  ingest: ['ingest'],
  'look-up': ['look-up'],
  report: ['report', 'operate', 'admin'],
  operate: ['operate', 'admin'],
  admin: ['admin'],
}

export const hasScope = ({ scopes }: TokenAccess, scope: TokenScope): boolean =>
  includedIn[scope].some((one) => scopes.includes(one))

/** Whether the access is for all tenants and accounts. */
export const isUnbound = ({ tenantId, accounts }: TokenAccess): boolean => tenantId === null && accounts === null

/** Whether the access is for this account of this tenant. */
export const covers = (
  { tenantId, accounts }: Pick<TokenAccess, 'tenantId' | 'accounts'>,
  one: TokenAccount & { readonly tenantId: string },
): boolean =>
  (tenantId === null || tenantId === one.tenantId) &&
  (accounts === null || accounts.some(({ source, accountId }) => source === one.source && accountId === one.accountId))
