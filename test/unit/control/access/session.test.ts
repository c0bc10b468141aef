import {
  as,
  connectionBody,
  cookieIn,
  loginForm,
  openLoggedIn,
  openWithTokens,
  sameOrigin,
} from '../../../support/console-access.ts'
import { adminToken, openConsole } from '../../../support/console-world.ts'

describe('a browser’s session', () => {
  it('begins with a token, in a cookie that no script and no other site gets', async () => {
    const { ask, answer, cookie, entries } = await openLoggedIn()
    expect(answer).toMatchObject({ status: 303, headers: { location: '/' } })
    expect(answer.headers['set-cookie']).toMatch(
      /^signals_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    )
    const page = await ask('GET /', { headers: { cookie } })
    expect(page.status).toBe(200)
    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'/,
    )
    expect((await ask('GET /api/status', { headers: { cookie } })).status).toBe(200)
    expect(entries.map(({ actor, via, action }) => `${via} ${actor} ${action}`)).toEqual([
      'console admin session.login',
      'console admin status.read',
    ])
  })

  it('is kept to https away from this machine', async () => {
    const { ask } = await openConsole({ allowedHosts: ['console.internal'] })
    const { headers } = await ask('POST /login', {
      headers: { ...loginForm, host: 'console.internal' },
      body: `token=${adminToken}`,
    })
    expect(headers['set-cookie']).toMatch(
      /^__Host-signals_session=\S+; Path=\/; HttpOnly; SameSite=Strict; .*; Secure$/,
    )
  })

  it('begins with no wrong token, and not from another site', async () => {
    const { ask } = await openConsole()
    expect((await ask('POST /login', { headers: loginForm, body: 'token=wrong' })).status).toBe(401)
    expect((await ask('POST /login', { headers: loginForm, body: '' })).status).toBe(401)
    const headers = { ...loginForm, 'sec-fetch-site': 'cross-site' }
    expect((await ask('POST /login', { headers, body: `token=${adminToken}` })).status).toBe(403)
  })

  it('changes nothing without the token of its page', async () => {
    const { ask, cookie, directory } = await openLoggedIn()
    const { json } = await ask('GET /api/session', { headers: { cookie } })
    expect(json).toMatchObject({ actor: 'admin', role: 'admin', tenant: null })
    const csrf = json.csrfToken as string
    const add = (headers: Record<string, string>) =>
      ask('POST /admin/v1/connections', { headers: { cookie, ...headers }, body: connectionBody('c', 't') })
    for (const headers of [
      {},
      sameOrigin,
      { ...sameOrigin, 'x-csrf-token': 'wrong' },
      { 'x-csrf-token': csrf, 'sec-fetch-site': 'cross-site' },
      { 'x-csrf-token': csrf, 'sec-fetch-site': 'same-site' },
      { 'x-csrf-token': csrf, origin: 'http://evil.example' },
    ])
      expect(await add(headers as Record<string, string>)).toMatchObject({
        status: 403,
        json: { error: { code: 'csrf' } },
      })
    expect(directory.all()).toEqual([])
    expect((await add({ ...sameOrigin, 'x-csrf-token': csrf })).status).toBe(201)
  })

  it('ends by logout, after twelve hours, and when its token is revoked', async () => {
    const { ask, cookie, clock } = await openLoggedIn()
    const { csrfToken } = (await ask('GET /api/session', { headers: { cookie } })).json
    const status = async (given = cookie) => (await ask('GET /api/status', { headers: { cookie: given } })).status
    const out = await ask('POST /logout', { headers: { cookie, ...sameOrigin, 'x-csrf-token': csrfToken as string } })
    expect(out.headers['set-cookie']).toMatch(/^signals_session=; .*Max-Age=0/)
    expect(await status()).toBe(401)

    const next = cookieIn(await ask('POST /login', { headers: loginForm, body: `token=${adminToken}` }))
    clock.set(clock.now() + 12 * 3_600_000 - 1)
    expect(await status(next)).toBe(200)
    clock.set(clock.now() + 1)
    expect(await status(next)).toBe(401)

    const other = await openLoggedIn('viewer-token')
    expect((await other.ask('GET /api/status', { headers: { cookie: other.cookie } })).status).toBe(200)
    other.tokens.delete('viewer-token')
    expect((await other.ask('GET /api/status', { headers: { cookie: other.cookie } })).status).toBe(401)
  })

  it('begins with a login link, once, within ten minutes', async () => {
    const { ask, clock, tokens: known } = await openWithTokens()
    const make = async (body: object = {}, token = adminToken) => {
      const { json } = await ask('POST /admin/v1/login-links', { ...as(token), body })
      const { pathname, search } = new URL(json.url as string)
      return `GET ${pathname}${search}`
    }
    const link = await make()
    const opened = await ask(link, { headers: {} })
    expect(opened.status).toBe(200)
    expect((await ask('GET /api/status', { headers: { cookie: cookieIn(opened) } })).status).toBe(200)
    expect((await ask(link, { headers: {} })).status).toBe(401)

    const asViewer = cookieIn(await ask(await make({ role: 'viewer' }), { headers: {} }))
    expect((await ask('GET /api/session', { headers: { cookie: asViewer } })).json).toMatchObject({ role: 'viewer' })
    const late = await make()
    clock.set(clock.now() + 600_000)
    expect((await ask(late, { headers: {} })).status).toBe(401)

    const ofA = cookieIn(await ask(await make({}, 'admin-of-a'), { headers: {} }))
    expect((await ask('GET /api/session', { headers: { cookie: ofA } })).json).toMatchObject({ tenant: 'a' })
    known.delete('admin-of-a')
    expect((await ask('GET /api/session', { headers: { cookie: ofA } })).status).toBe(401)
  })
})
