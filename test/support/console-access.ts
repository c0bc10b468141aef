/** Who asks the control plane in tests: tokens by role and tenant, browsers with a session, and the connections of two tenants. */
import type { Principal } from '../../services/control/access/authenticator.ts'
import { type Asked, adminToken, openConsole } from './console-world.ts'

const accounts = [{ source: 'whatsapp', accountId: 'account-of-a' }]
const principals: Readonly<Record<string, Principal>> = {
  'viewer-token': { actor: 'token:v', role: 'viewer', tenant: null, accounts: null },
  'operator-of-a': { actor: 'token:o', role: 'operator', tenant: 'a', accounts: null },
  'admin-of-a': { actor: 'token:a', role: 'admin', tenant: 'a', accounts: null },
  'operator-of-account': { actor: 'token:s', role: 'operator', tenant: 'a', accounts },
}

/** A console that knows a token for each of them. */
export const openWithTokens = () => openConsole({ tokens: new Map(Object.entries(principals)) })

export const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

export const connectionBody = (id: string, tenantId: string) => ({
  ...{ connectionId: id, tenantId, source: 'whatsapp', accountId: `account-${id}` },
  ...{ advertiserId: '700', eventSetId: '900', accessToken: 'token-by-hand' },
})

/** With a connection of tenant a and one of tenant b. */
export const openTwoTenants = async () => {
  const world = await openWithTokens()
  for (const body of [connectionBody('of-a', 'a'), connectionBody('of-b', 'b')])
    expect((await world.ask('POST /admin/v1/connections', { body })).status).toBe(201)
  world.entries.length = 0
  return world
}

/** As a browser says that a page of the same site asks. */
export const sameOrigin = { 'sec-fetch-site': 'same-origin' }
export const loginForm = { 'content-type': 'application/x-www-form-urlencoded', ...sameOrigin }

export const cookieIn = ({ headers }: Pick<Asked, 'headers'>) => String(headers['set-cookie']).split(';')[0] as string

/** A console where a browser has logged in. */
export const openLoggedIn = async (token = adminToken) => {
  const world = await openWithTokens()
  const answer = await world.ask('POST /login', { headers: loginForm, body: `token=${token}` })
  return { ...world, answer, cookie: cookieIn(answer) }
}
