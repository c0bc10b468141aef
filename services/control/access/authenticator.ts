/** Who may use the control plane: the port through which bearer tokens are checked, and its implementation for ADMIN_TOKEN. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { TokenAccount } from '../../shared/model/token-record.ts'

/** Each role may do what the roles before it may. */
export const roles = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

/** An authenticated caller. */
export interface Principal {
  /** For the audit trail and the history: the id of a token, or a name from the login provider. Never the token itself. */
  readonly actor: string
  readonly role: Role
  /** The only tenant whose connections the caller sees and changes; null: all. */
  readonly tenant: string | null
  /** The only accounts whose connections the caller sees and changes; null: all of the tenant. */
  readonly accounts: readonly TokenAccount[] | null
}

export interface Authenticator {
  /** The principal of a bearer token; null for a token that is unknown, expired or revoked. @throws DependencyError */
  authenticate(token: string): Promise<Principal | null>
}

const digest = (text: string) => createHash('sha256').update(text).digest()

/** ADMIN_TOKEN: the role admin for all tenants. */
export const adminTokenAuthenticator = (adminToken: string): Authenticator => {
  const expected = digest(adminToken)
  const principal: Principal = { actor: 'admin', role: 'admin', tenant: null, accounts: null }
  return { authenticate: async (token) => (timingSafeEqual(digest(token), expected) ? principal : null) }
}

/** The first principal that one of them finds. */
export const firstOf = (...authenticators: readonly Authenticator[]): Authenticator => ({
  authenticate: async (token) => {
    for (const one of authenticators) {
      const found = await one.authenticate(token)
      if (found) return found
    }
    return null
  },
})

export const hasRole = ({ role }: Principal, needed: Role): boolean => roles.indexOf(role) >= roles.indexOf(needed)
