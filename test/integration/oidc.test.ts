/** Login at a real OpenID provider (`oidc-provider`), by a browser that follows redirects and keeps cookies. */

import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mock } from 'node:test'
import type { ClaimRules } from '../../services/control/access/login-claims.ts'
import { type Listener, listen } from '../../services/control/http/listener.ts'
import { openLoginProvider } from '../../services/runtime/adapters/oidc.ts'
import { openConsole } from '../support/console-world.ts'

const listening = async (server: Server) => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** People of the provider, by their login. */
const people: Record<string, object> = {
  ana: { email: 'ana@example.com', roles: ['signals-operator'], org: 'acme' },
  eve: { email: 'eve@example.com', roles: ['sales'], org: 'acme' },
}

const openProvider = async (redirectUrl: string) => {
  // It warns of keys and pages that are good for a test only.
  for (const level of ['warn', 'info'] as const) mock.method(console, level, () => {})
  const { Provider } = await import('oidc-provider')
  let handle: RequestListener = () => {}
  const server = createServer((request, response) => handle(request, response))
  const issuer = `http://127.0.0.1:${await listening(server)}`
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'console', client_secret: 'a-secret', redirect_uris: [redirectUrl] }],
    claims: { openid: ['sub', 'roles', 'org'], email: ['email'], profile: ['name'] },
    conformIdTokenClaims: false,
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({ sub: id, ...people[id] }),
    }),
    cookies: { keys: ['a-key-of-the-test'] },
  })
  handle = provider.callback() as RequestListener
  return { issuer, server }
}

/** Cookies by host and path, as far as this login needs them. */
const openBrowser = () => {
  const cookies = new Map<string, string>()
  const ask = async (url: URL, init: RequestInit = {}): Promise<{ response: Response; url: URL }> => {
    const cookie = [...cookies].flatMap(([key, value]) => (key.startsWith(`${url.host} `) ? [value] : [])).join('; ')
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { ...(init.headers as Record<string, string>), cookie },
    })
    for (const one of response.headers.getSetCookie()) {
      const pair = one.split(';')[0] as string
      cookies.set(`${url.host} ${pair.split('=')[0]}`, pair)
    }
    const location = response.headers.get('location')
    return location === null ? { response, url } : ask(new URL(location, url))
  }
  const submit = (url: URL, fields: Record<string, string>) =>
    ask(url, { method: 'POST', body: new URLSearchParams(fields) })
  return { ask, submit, cookies }
}

describe('a login at an OpenID provider', () => {
  const rules: ClaimRules = {
    roleClaim: 'roles',
    nameClaim: 'email',
    tenantClaim: 'org',
    roleOf: { 'signals-operator': 'operator' },
  }
  let console_: Listener
  let provider: Awaited<ReturnType<typeof openProvider>>
  let base: string
  let world: Awaited<ReturnType<typeof openConsole>>
  let handle: Parameters<typeof listen>[0]['handle']

  beforeAll(async () => {
    console_ = await listen({
      ...{ port: 0, host: '127.0.0.1' },
      handle: (request) => handle(request),
      onError: (error) => {
        throw error
      },
    })
    base = `http://127.0.0.1:${console_.port}`
    const redirectUrl = `${base}/login/oidc/callback`
    provider = await openProvider(redirectUrl)
    const settings = { issuer: provider.issuer, clientId: 'console', clientSecret: 'a-secret', redirectUrl }
    world = await openConsole({
      oidc: { provider: openLoginProvider({ ...settings, scopes: 'openid email' }), rules },
    })
    handle = world.operators
  })
  afterAll(() => {
    console_?.close()
    provider?.server.closeAllConnections()
    provider?.server.close()
  })

  /** Up to the provider's redirect to the console, which is followed too. */
  const login = async (name: string) => {
    const browser = openBrowser()
    const form = await browser.ask(new URL('/login/oidc', base))
    expect(form.url.href).toContain(provider.issuer)
    const consent = await browser.submit(form.url, { prompt: 'login', login: name, password: 'any' })
    return { browser, ...(await browser.submit(consent.url, { prompt: 'consent' })) }
  }

  it('gives a session with role, tenant and name of the claims', async () => {
    const { browser, response, url } = await login('ana')
    expect(response.status).toBe(200)
    expect(url.pathname).toBe('/login/oidc/callback')
    const { response: session } = await browser.ask(new URL('/api/session', base))
    expect(await session.json()).toMatchObject({ actor: 'oidc:ana@example.com', role: 'operator', tenant: 'acme' })
    expect(world.entries.at(-1)).toMatchObject({
      actor: 'oidc:ana@example.com',
      action: 'session.login',
      tenant: 'acme',
    })

    // The provider's answer counts once, and in this browser only.
    expect((await browser.ask(url)).response.status).toBe(401)
    expect((await fetch(url)).status).toBe(401)
  })

  it('gives none to a person without a role', async () => {
    const { browser, response } = await login('eve')
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('no role')
    expect((await browser.ask(new URL('/api/session', base))).response.status).toBe(401)
  })

  it('gives none for a changed state or code', async () => {
    for (const name of ['state', 'code']) {
      const browser = openBrowser()
      const form = await browser.ask(new URL('/login/oidc', base))
      const consent = await browser.submit(form.url, { prompt: 'login', login: 'ana', password: 'any' })
      // Only the answer to the consent leads to the console: it is changed before it gets there.
      let changed: URL | undefined
      const real = handle
      handle = async (request) => {
        changed ??= new URL(request.url as string, base)
        changed.searchParams.set(name, 'forged')
        return real(Object.assign(request, { url: `${changed.pathname}${changed.search}` }))
      }
      const { response } = await browser.submit(consent.url, { prompt: 'consent' })
      handle = real
      expect(response.status).toBe(502)
      expect(await response.text()).toContain('the login at the provider failed')
      expect((await browser.ask(new URL('/api/session', base))).response.status).toBe(401)
    }
  })

  it('says that the provider does not answer', async () => {
    const away = openLoginProvider({
      issuer: 'http://127.0.0.1:1',
      ...{ clientId: 'console', clientSecret: undefined, scopes: 'openid', redirectUrl: `${base}/login/oidc/callback` },
    })
    await expect(away.begin()).rejects.toThrow('the login at the provider failed: it does not answer')
  })
})
