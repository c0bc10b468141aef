import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { adminSetting } from '../../../services/control/admin/access.ts'
import { adminApi } from '../../../services/control/admin/api.ts'
import type { TokenRecord } from '../../../services/shared/model/token-record.ts'
import { settingAccess } from '../../../services/shared/tokens/access.ts'
import { Bearers } from '../../../services/shared/tokens/bearers.ts'
import { newToken } from '../../../services/shared/tokens/store.ts'
import { noon } from '../../support/builders.ts'
import { openOauth } from '../../support/oauth-world.ts'

const token = 'an-admin-token-of-the-test'
const file = {
  connectionId: 'acme',
  tenantId: 't',
  source: 'whatsapp',
  accountId: '55',
  advertiserId: '700',
  eventSetId: '900',
  accessToken: 'token-by-hand',
}

interface Ask {
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

const open = async (...set: string[]) => {
  const world = await openOauth()
  const errors: unknown[] = []
  const access = settingAccess(adminSetting, ['admin'])
  const bearers = new Bearers((set.length > 0 ? set : [token]).filter(Boolean).map((one) => ({ token: one, access })))
  const api = adminApi({
    ...world.connections,
    ...{ api: world.api, oauth: world.oauth, authorisations: world.authorisations, bearers },
    now: () => noon,
    messagingAppOf: () => 'WHATSAPP',
    history: async (id) => (await world.history(id)).map((action) => ({ action })) as never,
    onError: (error) => errors.push(error),
  })
  /** "METHOD path" below /admin/v1/, with the admin token. */
  const ask = async (what: string, { body, headers = { authorization: `Bearer ${token}` } }: Ask = {}) => {
    const [method, path] = what.split(' ') as [string, string]
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
    const request = Object.assign(Readable.from(text === '' ? [] : [Buffer.from(text)]), {
      ...{ method, headers, url: `/admin/v1/${path}` },
    })
    return new Promise<{ status: number; text: string; json: Record<string, unknown> }>((resolve) => {
      let status = 0
      const response = {
        writeHead: (code: number) => {
          status = code
        },
        end: (sent: string) =>
          resolve({
            status,
            text: sent,
            json: sent.startsWith('<') ? {} : (JSON.parse(sent) as Record<string, unknown>),
          }),
      }
      api(request as unknown as IncomingMessage, response as unknown as ServerResponse)
    })
  }
  /** Makes a token of `tokens.v1`. @returns the headers that carry it */
  const tokenFor = (fields: Partial<Pick<TokenRecord, 'tenantId' | 'accounts' | 'scopes'>>) => {
    const wanted = { name: '', tenantId: 't', accounts: null, scopes: ['admin'] as const, ...fields }
    const made = newToken(wanted, 'ana', noon)
    bearers.apply(made.record.tokenId, made.record)
    return { id: made.record.tokenId, headers: { authorization: `Bearer ${made.token}` } }
  }
  return { ...world, ask, errors, tokenFor }
}

describe('the admin API', () => {
  it.each([
    ['no token', {}],
    ['another token', { authorization: 'Bearer another' }],
    ['a token that is no bearer', { authorization: `Basic ${token}` }],
  ])('answers 401 to %s, and does nothing', async (_what, headers) => {
    const { ask, directory } = await open()
    for (const what of ['GET connections', 'POST connections', 'GET nothing', 'POST authorisations'])
      expect((await ask(what, { headers, body: file })).status).toBe(401)
    expect(directory.all()).toEqual([])
  })

  it('answers 401 to every request where no token is set', async () => {
    const { ask } = await open('')
    expect((await ask('GET connections', { headers: { authorization: 'Bearer ' } })).status).toBe(401)
    expect((await ask('GET connections')).json).toMatchObject({ error: { code: 'no_token' } })
  })

  it('adds, shows, pauses, resumes and disconnects, and returns no secret', async () => {
    const { ask, history } = await open()
    const answers = [
      await ask('POST connections', { body: file }),
      await ask('POST connections', { body: file }),
      await ask('GET connections'),
      await ask('GET connections/acme'),
      await ask('POST connections/acme/pause'),
      await ask('POST connections/acme/resume'),
      await ask('POST connections/acme/disconnect'),
      await ask('GET connections/acme/history'),
    ]
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 200, 200, 200, 200, 200])
    expect(answers.map(({ text }) => text).join()).not.toContain('token-by-hand')
    expect(await history('acme')).toEqual(['added', 'replaced', 'paused', 'resumed', 'disconnected'])
    expect((await ask('POST connections/acme/resume')).status).toBe(409)
  })

  it.each<[string, number, string, Ask?]>([
    ['POST connections', 400, 'not_json', { body: '{"accessToken":"leaks' }],
    ['POST connections', 422, 'connection_invalid', { body: 'null' }],
    ['POST connections', 422, 'connection_invalid', { body: { ...file, acessToken: 'leaks' } }],
    ['POST connections', 413, 'too_large', { body: 'x'.repeat(262_145) }],
    ['POST authorisations', 400, 'connection', { body: 'null' }],
    ['POST authorisations', 400, 'kind', { body: { kind: 'other', connectionId: 'acme' } }],
    ['POST authorisations', 404, 'connection_unknown', { body: { connectionId: 'unknown' } }],
    ['GET authorisations/unknown', 404, 'authorisation_unknown'],
    ['GET connections/unknown', 404, 'connection_unknown'],
    ['GET connections/unknown/history', 404, 'connection_unknown'],
    ['POST connections/unknown/pause', 404, 'connection_unknown'],
    ['POST connections/acme/constructor', 404, 'path'],
    ['POST connections/acme/pause/more', 404, 'path'],
    ['GET connections/%zz', 404, 'path'],
    ['GET toString', 404, 'path'],
    ['DELETE connections/acme', 405, 'method'],
    ['GET connections/acme/pause', 405, 'method'],
    ['PUT connections', 405, 'method', { body: file }],
  ])('%s: %i %s', async (what, status, code, given = {}) => {
    const { ask, errors, history } = await open()
    await ask('POST connections', { body: file })
    const answer = await ask(what, given)
    expect(answer).toMatchObject({ status, json: { error: { code } } })
    expect(answer.text).not.toContain('leaks')
    expect(errors).toEqual([])
    expect(await history('acme')).toEqual(['added'])
  })

  it('opens the callback for a pending state, once', async () => {
    const { ask, agree, directory } = await open()
    const { connectionId, ...rest } = file
    const begun = await ask('POST authorisations', {
      body: { connection: { ...rest, connectionId, accessToken: undefined } },
    })
    expect(begun.status).toBe(201)
    const { state, code } = agree(begun.json.url as string)
    const callback = (fields: Record<string, string>) =>
      ask(`GET oauth/callback?${new URLSearchParams(fields)}`, { headers: {} })
    expect((await callback({})).status).toBe(400)
    expect((await callback({ state: 'made-up', auth_code: code })).status).toBe(400)
    expect(directory.all()).toEqual([])
    expect((await callback({ state: state as string, auth_code: code })).status).toBe(200)
    expect((await callback({ state: state as string, auth_code: code })).status).toBe(400)
    expect((await ask(`GET authorisations/${begun.json.id}`)).json).toEqual({ status: 'done', connectionId: 'acme' })
  })
})

describe('the admin API with tokens of tenants', () => {
  const other = { ...file, connectionId: 'zeta', tenantId: 'z', accountId: '66' }
  const openTwo = async () => {
    const world = await open()
    await world.ask('POST connections', { body: file })
    await world.ask('POST connections', { body: other })
    return world
  }

  it('takes several tokens of the setting at once, so that one can be replaced', async () => {
    const { ask } = await open('the-old-admin-token', 'the-new-admin-token')
    for (const one of ['the-old-admin-token', 'the-new-admin-token'])
      expect((await ask('GET connections', { headers: { authorization: `Bearer ${one}` } })).status).toBe(200)
  })

  it.each<[string, number, number, number, number]>([
    // report, operate, admin, ingest
    ['GET connections', 200, 200, 200, 403],
    ['GET connections/acme', 200, 200, 200, 403],
    ['GET connections/acme/history', 200, 200, 200, 403],
    ['POST connections/acme/pause', 403, 200, 200, 403],
    ['POST connections/acme/resume', 403, 200, 200, 403],
    ['POST connections/acme/disconnect', 403, 403, 200, 403],
    ['POST connections', 403, 403, 200, 403],
    ['POST authorisations', 403, 403, 201, 403],
  ])('%s needs its scope', async (what, ...expected) => {
    const statuses = []
    for (const scope of ['report', 'operate', 'admin', 'ingest'] as const) {
      const { ask, tokenFor } = await openTwo()
      const { headers } = tokenFor({ scopes: [scope] })
      const body = what === 'POST authorisations' ? { connectionId: 'acme' } : file
      statuses.push((await ask(what, { headers, ...(what.startsWith('POST') ? { body } : {}) })).status)
    }
    expect(statuses).toEqual(expected)
  })

  it("shows and changes its own tenant's connections only, and names no other", async () => {
    const { ask, tokenFor, directory } = await openTwo()
    const { headers } = tokenFor({})
    const list = await ask('GET connections', { headers })
    expect((list.json as unknown as { connectionId: string }[]).map(({ connectionId }) => connectionId)).toEqual([
      'acme',
    ])
    const unknown = await ask('GET connections/nothing', { headers })
    for (const what of [
      'GET connections/zeta',
      'GET connections/zeta/history',
      'POST connections/zeta/pause',
      'POST connections/zeta/disconnect',
    ]) {
      const answer = await ask(what, { headers })
      expect([answer.status, answer.text]).toEqual([404, unknown.text.replace('nothing', 'zeta')])
    }
    const begun = await ask('POST authorisations', { headers, body: { connectionId: 'zeta' } })
    expect(begun.status).toBe(404)
    expect(directory.byId('zeta')?.status).toBe('active')
  })

  it.each<[string, object, number, string]>([
    ['for another tenant', { tenantId: 'z', connectionId: 'new', accountId: '77' }, 403, 'tenant'],
    ["under another tenant's id", { connectionId: 'zeta', accountId: '77' }, 409, 'refused'],
    ["for another tenant's account", { connectionId: 'new', accountId: '66' }, 409, 'refused'],
    ['of its own', { connectionId: 'new', accountId: '77' }, 201, ''],
  ])('adds no connection %s', async (_name, fields, status, code) => {
    const { ask, tokenFor, directory } = await openTwo()
    const { headers } = tokenFor({})
    const before = directory.byId('zeta')
    const draft = { ...file, ...fields, accessToken: undefined }
    for (const [what, body] of [
      ['POST connections', { ...file, ...fields }],
      ['POST authorisations', { connection: draft }],
    ] as const) {
      if (status === 201 && what === 'POST authorisations') continue
      const answer = await ask(what, { headers, body })
      expect(answer.status).toBe(status)
      if (code) expect(answer.json).toMatchObject({ error: { code } })
      expect(answer.text.replace('zeta is taken', '')).not.toContain('zeta')
    }
    expect(directory.byId('zeta')).toBe(before)
  })

  it('adds for its accounts only where it is bound to some', async () => {
    const { ask, tokenFor } = await openTwo()
    const { headers } = tokenFor({ accounts: [{ source: 'whatsapp', accountId: '77' }] })
    expect((await ask('GET connections', { headers })).json).toEqual([])
    expect((await ask('POST connections', { headers, body: { ...file, connectionId: 'b' } })).status).toBe(403)
    expect(
      (await ask('POST connections', { headers, body: { ...file, connectionId: 'b', accountId: '77' } })).status,
    ).toBe(201)
  })

  it('notes the token beside what its bearer calls itself', async () => {
    const { ask, tokenFor, lines } = await openTwo()
    const { id, headers } = tokenFor({})
    await ask('POST connections/acme/pause', { headers: { ...headers, 'x-actor': 'root' } })
    await ask('POST connections/acme/resume', { headers })
    expect((await lines('acme')).map(({ actor }) => actor)).toEqual(['admin API', `root (token ${id})`, `token ${id}`])
  })

  it('answers 429 to many wrong tokens', async () => {
    const { ask } = await open()
    const guess = () => ask('GET connections', { headers: { authorization: 'Bearer a guess of the token' } })
    for (let n = 0; n < 10; n++) expect((await guess()).status).toBe(401)
    expect((await guess()).status).toBe(429)
  })
})
