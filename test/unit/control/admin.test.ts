import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { adminApi } from '../../../services/control/admin/api.ts'
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

const open = async (set: string | undefined = token) => {
  const world = await openOauth()
  const errors: unknown[] = []
  const api = adminApi({
    ...world.connections,
    ...{ api: world.api, oauth: world.oauth, authorisations: world.authorisations, token: set },
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
  return { ...world, ask, errors }
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
