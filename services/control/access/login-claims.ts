/** Who a person is by the claims of a login provider: name, role and tenant. */
import type { LoginClaims } from '../../runtime/adapters/oidc.ts'
import { type Principal, type Role, roles } from './authenticator.ts'

export interface ClaimRules {
  /** Paths of claims, with a dot between the names: `realm_access.roles`. */
  readonly roleClaim: string
  readonly nameClaim: string
  /** null: everybody sees all tenants. */
  readonly tenantClaim: string | null
  /** Values of the role claim that stand for a role. */
  readonly roleOf: Readonly<Record<string, Role>>
}

const claimAt = (claims: unknown, path: string): unknown => {
  if (typeof claims !== 'object' || claims === null) return undefined
  // A name may hold dots itself, as in `https://example.com/roles`.
  if (Object.hasOwn(claims, path)) return (claims as Record<string, unknown>)[path]
  const at = path.indexOf('.')
  if (at < 0 || !Object.hasOwn(claims, path.slice(0, at))) return undefined
  return claimAt((claims as Record<string, unknown>)[path.slice(0, at)], path.slice(at + 1))
}

/** Printable, so that a name cannot pass for two entries of a list. */
const nameIn = (value: unknown): string | null =>
  typeof value === 'string' && /^[\p{L}\p{N}\p{P}\p{S} ]{1,128}$/u.test(value) ? value : null

/** All tenants, in a tenant claim. */
const everyTenant = '*'

/** The reason why these claims open nothing, or who they name. */
export const principalOf = (claims: LoginClaims, rules: ClaimRules): Principal | { readonly refused: string } => {
  const name = nameIn(claimAt(claims, rules.nameClaim)) ?? nameIn(claims.sub)
  if (name === null) return { refused: `the login names no person: it has neither ${rules.nameClaim} nor sub` }
  const given = [claimAt(claims, rules.roleClaim)].flat()
  const found = given.flatMap((value) =>
    typeof value === 'string' && Object.hasOwn(rules.roleOf, value) ? [rules.roleOf[value] as Role] : [],
  )
  const role = roles.findLast((one) => found.includes(one))
  if (!role) return { refused: `the login has no role here: ${rules.roleClaim} holds none of those in OIDC_ROLES` }
  if (rules.tenantClaim === null) return { actor: `oidc:${name}`, role, tenant: null, accounts: null }
  const tenant = claimAt(claims, rules.tenantClaim)
  if (typeof tenant !== 'string' || tenant === '')
    return { refused: `the login names no tenant: ${rules.tenantClaim} is missing` }
  return { actor: `oidc:${name}`, role, tenant: tenant === everyTenant ? null : tenant, accounts: null }
}
