import { type ClaimRules, principalOf } from '../../../../services/control/access/login-claims.ts'

describe('the claims of a login provider', () => {
  const rules: ClaimRules = {
    roleClaim: 'realm_access.roles',
    nameClaim: 'email',
    tenantClaim: null,
    roleOf: { 'signals-viewer': 'viewer', 'signals-admin': 'admin' },
  }
  const claims = { sub: '1', email: 'ana@example.com', realm_access: { roles: ['x', 'signals-viewer'] } }
  it.each<[string, object, Partial<ClaimRules>, object]>([
    ['a role', {}, {}, { actor: 'oidc:ana@example.com', role: 'viewer', tenant: null, accounts: null }],
    ['the highest of several', { realm_access: { roles: ['signals-admin', 'signals-viewer'] } }, {}, { role: 'admin' }],
    ['one that is no list', { role: 'signals-admin' }, { roleClaim: 'role' }, { role: 'admin' }],
    [
      'a claim with dots in its name',
      { 'https://x.example/r': ['signals-admin'] },
      { roleClaim: 'https://x.example/r' },
      { role: 'admin' },
    ],
    ['the subject where there is no name', { email: undefined }, {}, { actor: 'oidc:1' }],
    ['the subject where the name is none', { email: 'a\u0007b' }, {}, { actor: 'oidc:1' }],
    ['a tenant', { org: 'acme' }, { tenantClaim: 'org' }, { tenant: 'acme' }],
    ['all tenants', { org: '*' }, { tenantClaim: 'org' }, { tenant: null }],
    ['no role', { realm_access: { roles: ['x'] } }, {}, { refused: expect.stringContaining('no role') }],
    [
      'a role of another kind',
      { realm_access: { roles: [['signals-admin'], null, 7] } },
      {},
      { refused: expect.anything() },
    ],
    ['a role by its property', { realm_access: { roles: ['constructor'] } }, {}, { refused: expect.anything() }],
    ['no tenant', {}, { tenantClaim: 'org' }, { refused: expect.stringContaining('no tenant') }],
    ['no name at all', { email: 7, sub: undefined }, {}, { refused: expect.stringContaining('no person') }],
  ])('give %s', (_name, more, other, expected) => {
    expect(principalOf({ ...claims, ...more }, { ...rules, ...other })).toMatchObject(expected)
  })
})
