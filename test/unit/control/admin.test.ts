import { type Ask, openConsole, adminToken as token } from '../../support/console-world.ts'

const file = {
  connectionId: 'acme',
  tenantId: 't',
  source: 'whatsapp',
  accountId: '55',
  advertiserId: '700',
  eventSetId: '900',
  accessToken: 'token-by-hand',
}

/** "METHOD path" below /admin/v1/. */
const open = async (set: string | null = token) => {
  const world = await openConsole({ token: set })
  const ask = (what: string, given?: Ask) => world.ask(what.replace(' ', ' /admin/v1/'), given)
  return { ...world, ask }
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
    const { ask } = await open(null)
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

  it('forgets and exports a person by the ids in the body, for its administrators alone', async () => {
    const { ask } = await open()
    const person = { source: 'whatsapp', accountId: '55', conversationId: '55:5215550001' }
    expect((await ask('POST persons/forget', { body: person })).json).toMatchObject({ forgotten: person })
    expect((await ask('POST persons/export', { body: person })).json).toEqual({ exported: person })
    const wrong = await ask('POST persons/forget', { body: { ...person, conversationId: '' } })
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringMatching(/conversationId: /)])
    expect((await ask('POST persons/other', { body: person })).status).toBe(404)
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
})
