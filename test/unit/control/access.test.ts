import type { Principal } from '../../../services/control/access/authenticator.ts'
import { tokenAuthenticator } from '../../../services/control/access/token-authenticator.ts'
import { DependencyError } from '../../../services/runtime/ports.ts'
import type { TokenScope } from '../../../services/shared/model/token-record.ts'
import type { TokenAccess } from '../../../services/shared/tokens/access.ts'
import { as, connectionBody, loginForm, openTwoTenants, openWithTokens } from '../../support/console-access.ts'
import { adminToken, openConsole } from '../../support/console-world.ts'

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
      const { ask } = await openTwoTenants()
      const body = what.startsWith('POST') ? '{}' : undefined
      expect((await ask(what, { ...as(token), body })).status).toBe(statuses[n])
    }
  })

  it('is not raised by what the caller says of itself', async () => {
    const { ask, entries } = await openTwoTenants()
    const headers = { ...as('viewer-token').headers, 'x-actor': 'admin' }
    expect((await ask('POST /admin/v1/connections/of-a/pause', { headers })).status).toBe(403)
    expect(entries).toMatchObject([
      { actor: 'token:v', action: 'connections.pause', target: 'of-a', outcome: 'denied', note: 'admin' },
    ])
  })
})

describe('a token of one tenant', () => {
  it('sees and changes that tenant’s connections only', async () => {
    const { ask, history } = await openTwoTenants()
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
    const { ask, history } = await openTwoTenants()
    const add = (fields: object) =>
      ask('POST /admin/v1/connections', { ...as('admin-of-a'), body: { ...connectionBody('new', 'a'), ...fields } })
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
    const { ask, api, history } = await openWithTokens()
    const theirs = connectionBody('of-b', 'b')
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

describe('wrong tokens', () => {
  it('are refused unread after ten within a minute from one address', async () => {
    const { ask, clock } = await openWithTokens()
    for (let n = 0; n < 10; n++) expect((await ask('GET /api/status', as(`wrong-${n}`))).status).toBe(401)
    for (const token of ['wrong', 'viewer-token'])
      expect(await ask('GET /api/status', as(token))).toMatchObject({ status: 429, headers: { 'retry-after': '60' } })
    clock.set(clock.now() + 60_000)
    expect((await ask('GET /api/status', as('viewer-token'))).status).toBe(200)
  })

  it('lock out nobody whose token has worked from there: behind a proxy all share an address', async () => {
    const { ask } = await openWithTokens()
    expect((await ask('GET /api/status', as('viewer-token'))).status).toBe(200)
    for (let n = 0; n < 30; n++) await ask('GET /api/status', as(`wrong-${n}`))
    expect((await ask('GET /api/status', as('viewer-token'))).status).toBe(200)
    expect((await ask('GET /api/status', as('operator-of-a'))).status).toBe(429)
  })
})

describe('the audit trail', () => {
  it('names who read and changed what, with the caller’s own word as a note', async () => {
    const { ask, bearer, entries } = await openTwoTenants()
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
    const { ask, state, history } = await openTwoTenants()
    state.auditProblem = new DependencyError('kafka', 'Kafka does not answer')
    expect((await ask('POST /admin/v1/connections/of-a/pause')).status).toBe(503)
    expect(await history('of-a')).toEqual(['added'])
    expect((await ask('GET /api/status')).status).toBe(200)
    expect((await ask('GET /admin/v1/connections')).status).toBe(200)
    expect((await ask('POST /login', { headers: loginForm, body: `token=${adminToken}` })).status).toBe(303)
  })

  it('shows a tenant its own entries only', async () => {
    const { ask } = await openTwoTenants()
    await ask('POST /admin/v1/connections/of-a/pause')
    await ask('POST /admin/v1/connections/of-a/resume', as('operator-of-a'))
    const { text } = await ask('GET /admin/v1/audit', as('admin-of-a'))
    expect(text).toContain('connections.resume')
    expect(text).not.toContain('connections.pause')
  })
})

describe('a token that is bound to accounts', () => {
  const withAnother = async () => {
    const world = await openTwoTenants()
    expect((await world.ask('POST /admin/v1/connections', { body: connectionBody('also-a', 'a') })).status).toBe(201)
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
    const accounts = [{ source: 'whatsapp', accountId: 'account-of-a' }]
    const access: TokenAccess = { id: 't', tenantId: 'a', accounts, scopes }
    const principal = await tokenAuthenticator({ accessOf: () => access }).authenticate('token')
    expect(principal?.role).toBe(role)
    if (principal) expect(principal).toMatchObject({ tenant: 'a', accounts })
  })
})
