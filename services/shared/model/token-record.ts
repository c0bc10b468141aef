/** Values of `tokens.v1`: what the bearer of a token may do at the gateway and the admin API, and for whom. */

/**
 * ingest: POST /v1/message-events. look-up: attributions. report: read, without texts. operate: pause and resume. admin: connections.
 * `operate` includes `report`, `admin` both.
 */
export const tokenScopes = ['ingest', 'look-up', 'report', 'operate', 'admin'] as const
export type TokenScope = (typeof tokenScopes)[number]

/** An account that a token is bound to. */
export interface TokenAccount {
  readonly source: string
  readonly accountId: string
}

export interface TokenRecord {
  readonly tokenId: string
  readonly name: string
  /** null: all tenants. */
  readonly tenantId: string | null
  /** null: all accounts of the tenant. */
  readonly accounts: readonly TokenAccount[] | null
  readonly scopes: readonly TokenScope[]
  /** SHA-256 of the token. */
  readonly hash: Buffer
  /** ms */
  readonly createdAt: number
  readonly createdBy: string
  /** ms; null: in force. */
  readonly revokedAt: number | null
  readonly revokedBy: string | null
}
