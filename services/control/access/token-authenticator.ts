/** Bearer tokens of `tokens.v1` and of ADMIN_TOKEN at the control plane: which role a token has, and for which tenant. */
import { hasScope, type TokenAccess } from '../../shared/tokens/access.ts'
import type { Bearers } from '../../shared/tokens/bearers.ts'
import type { Authenticator, Role } from './authenticator.ts'

/** The name of the setting, in place of a token's id. */
export const adminSetting = 'admin'

/** null: none of the token's scopes is for the control plane. */
const roleOf = (access: TokenAccess): Role | null => {
  if (hasScope(access, 'admin')) return 'admin'
  if (hasScope(access, 'operate')) return 'operator'
  return hasScope(access, 'report') ? 'viewer' : null
}

/** A token that is bound to accounts has no role here, because roles are for a whole tenant. */
export const tokenAuthenticator = (bearers: Pick<Bearers, 'accessOf'>): Authenticator => ({
  authenticate: async (token) => {
    const access = bearers.accessOf(token)
    const role = access && access.accounts === null ? roleOf(access) : null
    return access && role ? { actor: access.id, role, tenant: access.tenantId } : null
  },
})
