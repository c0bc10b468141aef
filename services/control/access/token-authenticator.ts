/** Bearer tokens of `tokens.v1` and of ADMIN_TOKEN at the control plane: which role a token has, and for which tenant. */
import { hasScope, type TokenAccess } from '../../shared/tokens/access.ts'
import type { Bearers } from '../../shared/tokens/bearers.ts'
import type { Authenticator, Role } from './authenticator.ts'

/** The name of the setting, in place of a token's id. */
export const adminSetting = 'admin'

/**
 * A token that is bound to accounts is an operator at most: adding connections, the audit trail and login links are a tenant's.
 * @returns null: none of the token's scopes is for the control plane
 */
const roleOf = (access: TokenAccess): Role | null => {
  if (hasScope(access, 'admin') && access.accounts === null) return 'admin'
  if (hasScope(access, 'operate')) return 'operator'
  return hasScope(access, 'report') ? 'viewer' : null
}

export const tokenAuthenticator = (bearers: Pick<Bearers, 'accessOf'>): Authenticator => ({
  authenticate: async (token) => {
    const access = bearers.accessOf(token)
    const role = access && roleOf(access)
    return access && role ? { actor: access.id, role, tenant: access.tenantId, accounts: access.accounts } : null
  },
})
