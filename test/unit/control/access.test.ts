import type { Principal } from '../../../services/control/access/authenticator.ts'
import { tokenAuthenticator } from '../../../services/control/access/token-authenticator.ts'
import { DependencyError } from '../../../services/runtime/ports.ts'
import type { TokenScope } from '../../../services/shared/model/token-record.ts'
import type { TokenAccess } from '../../../services/shared/tokens/access.ts'
import { adminToken, openConsole } from '../../support/console-world.ts'

const viewer: Principal = { actor: 'token:v', role: 'viewer', tenant: null, accounts: null }
const operatorOfA: Principal = { actor: 'token:o', role: 'operator', tenant: 'a', accounts: null }
const adminOfA: Principal = { actor: 'token:a', role: 'admin', tenant: 'a', accounts: null }
const accounts = [{ source: 'whatsapp', accountId: 'account-of-a' }]
const operatorOfAccount: Principal = { actor: 'token:s', role: 'operator', tenant: 'a', accounts }
const tokens = () =>
  new Map([
    ['viewer-token', viewer],
    ['operator-of-a', operatorOfA],
    ['admin-of-a', adminOfA],
    ['operator-of-account', operatorOfAccount],
  ])
const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const connection = (id: string, tenantId: string) => ({
  ...{ connectionId: id, tenantId, source: 'whatsapp', accountId: `account-${id}` },
  ...{ advertiserId: '700', eventSetId: '900', accessToken: 'token-by-hand' },
})
const withBoth = async () => {
  const world = await openConsole({ tokens: tokens() })
  for (const body of [connection('of-a', 'a'), connection('of-b', 'b')])
    expect((await world.ask('POST /admin/v1/connections', { body })).status).toBe(201)
  world.entries.length = 0
  return world
}
const sessionIn = ({ headers }: { headers: Record<string, string | string[]> }) =>
  String(headers['set-cookie']).split(';')[0] as string
const own = { 'sec-fetch-site': 'same-origin' }
const form = { 'content-type': 'application/x-www-form-urlencoded', ...own }

describe('the operators’ listener', () => {
  it.each(['/livez', '/readyz', '/healthz', '/metrics'])('answers %s without a token, by any name', async (path) => {
    const { ask } = await openConsole()
    expect((await ask(`GET ${path}`, { headers: { host: '10.0.0.7:9000' } })).status).toBe(200)
  })

  it.each(['GET /api/status', 'GET /api/session', 'GET /admin/v1/connections', 'GET /nothing', 'POST /logout'])(
    'answers 401 to %s without a token',
    async (what) => {
      const { ask } = await openConsole()
      expect((await ask(what, { headers: {} })).status).toBe(401)
      expect((await ask(what, as('wrong'))).status).toBe(401)
      expect((await ask(what, { headers: { cookie: 'signals_session=wrong' } })).status).toBe(401)
    },
  )

  it('sends a browser without a session to the login page', async () => {
    const { ask } = await openConsole()
    expect(await ask('GET /', { headers: {} })).toMatchObject({ status: 303, headers: { location: '/login' } })
    expect((await ask('GET /login', { headers: {} })).text).toContain('<form method="post" action="/login">')
  })

  it.each(['evil.example', 'evil.example:80', 'localhost.evil.example', '', 'local host', 'localhost@evil.example'])(
    'refuses the host name "%s", with the right token too',
    async (host) => {
      const { ask, bearer } = await openConsole()
      expect((await ask('GET /api/status', { headers: { ...bearer, host } })).status).toBe(421)
      expect((await ask('POST /login', { headers: { host }, body: `token=${adminToken}` })).status).toBe(421)
    },
  )

  it.each(['localhost:8080', '127.0.0.1', '127.8.9.1:1', '[::1]:80', 'console.internal', 'CONSOLE.internal:443'])(
    'takes the host name "%s"',
    async (host) => {
      const { ask, bearer } = await openConsole({ allowedHosts: ['Console.internal:9000'] })
      expect((await ask('GET /api/status', { headers: { ...bearer, host } })).status).toBe(200)
    },
  )

  it.each([
    'GET //',
    'GET ///evil.example',
    'GET /%zz',
    'GET *',
    'GET http://[/',
    'GET http://evil.example/',
    'OPTIONS *',
  ])('answers %s, which is no path of its own', async (what) => {
    const { ask, errors } = await openConsole()
    expect([400, 401, 404]).toContain((await ask(what, { headers: {} })).status)
    expect(errors).toEqual([])
  })
})

describe('a role', () => {
  it.each<[string, number, number, number]>([
    ['GET /api/status', 200, 200, 200],
    ['GET /admin/v1/connections', 200, 200, 200],
    ['GET /admin/v1/connections/of-a/history', 200, 200, 200],
    ['POST /admin/v1/connections/of-a/pause', 403, 200, 200],
    ['POST /admin/v1/connections/of-a/disconnect', 403, 403, 200],
    ['GET /admin/v1/audit', 403, 403, 200],
    ['POST /admin/v1/login-links', 403, 403, 201],
  ])('%s: viewer %i, operator %i, admin %i', async (what, ...statuses) => {
    for (const [n, token] of ['viewer-token', 'operator-of-a', 'admin-of-a'].entries()) {
      const { ask } = await withBoth()
      const body = what.startsWith('POST') ? '{}' : undefined
      expect((await ask(what, { ...as(token), body })).status).toBe(statuses[n])
    }
  })

  it('is not raised by what the caller says of itself', async () => {
    const { ask, entries } = await withBoth()
    const headers = { ...as('viewer-token').headers, 'x-actor': 'admin' }
    expect((await ask('POST /admin/v1/connections/of-a/pause', { headers })).status).toBe(403)
    expect(entries).toMatchObject([
      { actor: 'token:v', action: 'connections.pause', target: 'of-a', outcome: 'denied', note: 'admin' },
    ])
  })
})

describe('a token of one tenant', () => {
  it('sees and changes that tenant’s connections only', async () => {
    const { ask, history } = await withBoth()
    const list = (await ask('GET /admin/v1/connections', as('admin-of-a'))).text
    expect(list).toContain('of-a')
    expect(list).not.toContain('of-b')
    expect((await ask('GET /api/status', as('admin-of-a'))).json).toEqual({ seenBy: 'a' })
    for (const what of ['GET /admin/v1/connections/of-b', 'GET /admin/v1/connections/of-b/history']) {
      const unknown = await ask(what.replace('of-b', 'unknown'), as('admin-of-a'))
      const foreign = await ask(what, as('admin-of-a'))
      expect(foreign.status).toBe(404)
      expect(foreign.text).toBe(unknown.text.replace('unknown;', 'of-b;'))
    }
    for (const operation of ['pause', 'disconnect'])
      expect((await ask(`POST /admin/v1/connections/of-b/${operation}`, as('admin-of-a'))).status).toBe(404)
    const begin = await ask('POST /admin/v1/authorisations', { ...as('admin-of-a'), body: { connectionId: 'of-b' } })
    expect(begin.status).toBe(404)
    expect(await history('of-b')).toEqual(['added'])
  })

  it('adds connections of that tenant only, and does not learn what others have', async () => {
    const { ask, history } = await withBoth()
    const add = (fields: object) =>
      ask('POST /admin/v1/connections', { ...as('admin-of-a'), body: { ...connection('new', 'a'), ...fields } })
    expect((await add({ tenantId: 'b' })).status).toBe(403)
    const taken = [await add({ connectionId: 'of-b' }), await add({ accountId: 'account-of-b' })]
    expect(taken.map(({ status }) => status)).toEqual([409, 409])
    expect(taken[1]?.text).not.toContain('of-b')
    expect((await add({})).status).toBe(201)
    expect(await history('of-b')).toEqual(['added'])
  })
})

describe('a connection that another tenant makes while TikTok is asked about one', () => {
  it('is not replaced, and not named', async () => {
    const { ask, api, history } = await openConsole({ tokens: tokens() })
    const theirs = connection('of-b', 'b')
    const { eventSetId: _, ...asking } = { ...theirs, tenantId: 'a', messagingAccountId: '5215550001' }
    Object.assign(api, {
      call: async () => {
        // The other tenant's own connection is compared with TikTok's event sets, too.
        Object.assign(api, { call: async () => ({ kind: 'failed', reason: 'away' }) })
        await ask('POST /admin/v1/connections', { body: theirs })
        return { kind: 'answered', code: 0, data: { matched_event_set: { message_event_set_id: '901' } } }
      },
    })
    const answer = await ask('POST /admin/v1/connections', { ...as('admin-of-a'), body: asking })
    expect(answer).toMatchObject({ status: 409, json: { error: { code: 'refused' } } })
    expect(await history('of-b')).toEqual(['added'])
  })
})

describe('a browser’s session', () => {
  const login = async (token = adminToken) => {
    const world = await openConsole({ tokens: tokens() })
    const answer = await world.ask('POST /login', { headers: form, body: `token=${token}` })
    return { ...world, answer, cookie: sessionIn(answer) }
  }

  it('begins with a token, in a cookie that no script and no other site gets', async () => {
    const { ask, answer, cookie, entries } = await login()
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
      headers: { ...form, host: 'console.internal' },
      body: `token=${adminToken}`,
    })
    expect(headers['set-cookie']).toMatch(
      /^__Host-signals_session=\S+; Path=\/; HttpOnly; SameSite=Strict; .*; Secure$/,
    )
  })

  it('begins with no wrong token, and not from another site', async () => {
    const { ask } = await openConsole()
    expect((await ask('POST /login', { headers: form, body: 'token=wrong' })).status).toBe(401)
    expect((await ask('POST /login', { headers: form, body: '' })).status).toBe(401)
    const headers = { ...form, 'sec-fetch-site': 'cross-site' }
    expect((await ask('POST /login', { headers, body: `token=${adminToken}` })).status).toBe(403)
  })

  it('changes nothing without the token of its page', async () => {
    const { ask, cookie, directory } = await login()
    const { json } = await ask('GET /api/session', { headers: { cookie } })
    expect(json).toMatchObject({ actor: 'admin', role: 'admin', tenant: null })
    const csrf = json.csrfToken as string
    const add = (headers: Record<string, string>) =>
      ask('POST /admin/v1/connections', { headers: { cookie, ...headers }, body: connection('c', 't') })
    for (const headers of [
      {},
      own,
      { ...own, 'x-csrf-token': 'wrong' },
      { 'x-csrf-token': csrf, 'sec-fetch-site': 'cross-site' },
      { 'x-csrf-token': csrf, 'sec-fetch-site': 'same-site' },
      { 'x-csrf-token': csrf, origin: 'http://evil.example' },
    ])
      expect(await add(headers as Record<string, string>)).toMatchObject({
        status: 403,
        json: { error: { code: 'csrf' } },
      })
    expect(directory.all()).toEqual([])
    expect((await add({ ...own, 'x-csrf-token': csrf })).status).toBe(201)
  })

  it('ends by logout, after twelve hours, and when its token is revoked', async () => {
    const { ask, cookie, clock } = await login()
    const { csrfToken } = (await ask('GET /api/session', { headers: { cookie } })).json
    const status = async (given = cookie) => (await ask('GET /api/status', { headers: { cookie: given } })).status
    const out = await ask('POST /logout', { headers: { cookie, ...own, 'x-csrf-token': csrfToken as string } })
    expect(out.headers['set-cookie']).toMatch(/^signals_session=; .*Max-Age=0/)
    expect(await status()).toBe(401)

    const next = sessionIn(await ask('POST /login', { headers: form, body: `token=${adminToken}` }))
    clock.set(clock.now() + 12 * 3_600_000 - 1)
    expect(await status(next)).toBe(200)
    clock.set(clock.now() + 1)
    expect(await status(next)).toBe(401)

    const other = await login('viewer-token')
    expect((await other.ask('GET /api/status', { headers: { cookie: other.cookie } })).status).toBe(200)
    other.tokens.delete('viewer-token')
    expect((await other.ask('GET /api/status', { headers: { cookie: other.cookie } })).status).toBe(401)
  })

  it('begins with a login link, once, within ten minutes', async () => {
    const { ask, clock, tokens: known } = await openConsole({ tokens: tokens() })
    const make = async (body: object = {}, token = adminToken) => {
      const { json } = await ask('POST /admin/v1/login-links', { ...as(token), body })
      const { pathname, search } = new URL(json.url as string)
      return `GET ${pathname}${search}`
    }
    const link = await make()
    const opened = await ask(link, { headers: {} })
    expect(opened.status).toBe(200)
    expect((await ask('GET /api/status', { headers: { cookie: sessionIn(opened) } })).status).toBe(200)
    expect((await ask(link, { headers: {} })).status).toBe(401)

    const asViewer = sessionIn(await ask(await make({ role: 'viewer' }), { headers: {} }))
    expect((await ask('GET /api/session', { headers: { cookie: asViewer } })).json).toMatchObject({ role: 'viewer' })
    const late = await make()
    clock.set(clock.now() + 600_000)
    expect((await ask(late, { headers: {} })).status).toBe(401)

    const ofA = sessionIn(await ask(await make({}, 'admin-of-a'), { headers: {} }))
    expect((await ask('GET /api/session', { headers: { cookie: ofA } })).json).toMatchObject({ tenant: 'a' })
    known.delete('admin-of-a')
    expect((await ask('GET /api/session', { headers: { cookie: ofA } })).status).toBe(401)
  })
})

describe('wrong tokens', () => {
  it('are refused unread after ten within a minute from one address', async () => {
    const { ask, clock } = await openConsole({ tokens: tokens() })
    for (let n = 0; n < 10; n++) expect((await ask('GET /api/status', as(`wrong-${n}`))).status).toBe(401)
    for (const token of ['wrong', 'viewer-token'])
      expect(await ask('GET /api/status', as(token))).toMatchObject({ status: 429, headers: { 'retry-after': '60' } })
    clock.set(clock.now() + 60_000)
    expect((await ask('GET /api/status', as('viewer-token'))).status).toBe(200)
  })

  it('lock out nobody whose token has worked from there: behind a proxy all share an address', async () => {
    const { ask } = await openConsole({ tokens: tokens() })
    expect((await ask('GET /api/status', as('viewer-token'))).status).toBe(200)
    for (let n = 0; n < 30; n++) await ask('GET /api/status', as(`wrong-${n}`))
    expect((await ask('GET /api/status', as('viewer-token'))).status).toBe(200)
    expect((await ask('GET /api/status', as('operator-of-a'))).status).toBe(429)
  })
})

describe('the audit trail', () => {
  it('names who read and changed what, with the caller’s own word as a note', async () => {
    const { ask, bearer, entries } = await withBoth()
    const headers = { ...bearer, 'x-actor': 'ana' }
    await ask('GET /admin/v1/connections/of-a', { headers })
    await ask('POST /admin/v1/connections/of-a/pause', { headers })
    expect(entries).toMatchObject([
      { actor: 'admin', via: 'api', action: 'connections.show', target: 'of-a', tenant: null, note: 'ana' },
      { actor: 'admin', via: 'api', action: 'connections.pause', target: 'of-a', outcome: 'allowed', note: 'ana' },
    ])
    expect((await ask('GET /admin/v1/audit?action=connections.pause', { headers })).text).toContain('"ana"')
  })

  it('notes a page that polls once in a quarter of an hour', async () => {
    const { ask, entries, clock } = await openConsole()
    for (let n = 0; n < 5; n++) await ask('GET /api/status')
    expect(entries).toHaveLength(1)
    clock.set(clock.now() + 900_000)
    await ask('GET /api/status')
    expect(entries).toHaveLength(2)
  })

  it('is written before a change: without it nothing changes, and reads go on', async () => {
    const { ask, state, history } = await withBoth()
    state.auditProblem = new DependencyError('kafka', 'Kafka does not answer')
    expect((await ask('POST /admin/v1/connections/of-a/pause')).status).toBe(503)
    expect(await history('of-a')).toEqual(['added'])
    expect((await ask('GET /api/status')).status).toBe(200)
    expect((await ask('GET /admin/v1/connections')).status).toBe(200)
    expect((await ask('POST /login', { headers: form, body: `token=${adminToken}` })).status).toBe(303)
  })

  it('shows a tenant its own entries only', async () => {
    const { ask } = await withBoth()
    await ask('POST /admin/v1/connections/of-a/pause')
    await ask('POST /admin/v1/connections/of-a/resume', as('operator-of-a'))
    const { text } = await ask('GET /admin/v1/audit', as('admin-of-a'))
    expect(text).toContain('connections.resume')
    expect(text).not.toContain('connections.pause')
  })
})

describe('a token that is bound to accounts', () => {
  const withAnother = async () => {
    const world = await withBoth()
    expect((await world.ask('POST /admin/v1/connections', { body: connection('also-a', 'a') })).status).toBe(201)
    return world
  }
  const idsIn = (answer: { readonly text: string }) =>
    (JSON.parse(answer.text) as { connectionId: string }[]).map(({ connectionId }) => connectionId)

  it('sees and changes the connections of its accounts alone', async () => {
    const { ask } = await withAnother()
    const mine = as('operator-of-account')
    expect(idsIn(await ask('GET /admin/v1/connections', mine))).toEqual(['of-a'])
    expect(idsIn(await ask('GET /admin/v1/connections', as('operator-of-a')))).toEqual(['of-a', 'also-a'])
    expect((await ask('POST /admin/v1/connections/of-a/pause', mine)).status).toBe(200)
    for (const other of ['also-a', 'of-b', 'unknown']) {
      expect((await ask(`GET /admin/v1/connections/${other}`, mine)).status).toBe(404)
      expect((await ask(`GET /admin/v1/connections/${other}/history`, mine)).status).toBe(404)
      expect((await ask(`POST /admin/v1/connections/${other}/pause`, mine)).status).toBe(404)
    }
  })

  it.each<[readonly TokenScope[], Principal['role'] | undefined]>([
    [['report'], 'viewer'],
    [['operate'], 'operator'],
    [['admin'], 'operator'],
    [['ingest', 'look-up'], undefined],
  ])('with the scopes %j has the role %s', async (scopes, role) => {
    const access: TokenAccess = { id: 't', tenantId: 'a', accounts, scopes }
    const principal = await tokenAuthenticator({ accessOf: () => access }).authenticate('token')
    expect(principal?.role).toBe(role)
    if (principal) expect(principal).toMatchObject({ tenant: 'a', accounts })
  })
})
