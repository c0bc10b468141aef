import { openConsole } from '../../support/console-world.ts'

const file = {
  ...{ connectionId: 'acme', tenantId: 't', source: 'whatsapp', accountId: '55' },
  ...{ advertiserId: '700', eventSetId: '900', accessToken: 'token-by-hand' },
}
const person = (role: 'viewer' | 'operator', tenant: string | null) => ({ actor: role, role, tenant, accounts: null })

const open = async () => {
  const tokens = new Map([
    ['viewer', person('viewer', null)],
    ['operator', person('operator', 't')],
    ['rival', person('operator', 'u')],
  ])
  const world = await openConsole({ tokens })
  await world.ask('POST /admin/v1/connections', { body: file })
  const ask = (what: string, as: string, body: object) =>
    world.ask(what.replace(' ', ' /admin/v1/'), { headers: { authorization: `Bearer ${as}` }, body })
  return { ...world, ask }
}

describe('test events in the admin API', () => {
  it('set and clear the code of a connection without its token, with entries in history and audit trail', async () => {
    const { ask, directory, history, entries } = await open()
    const answers = [
      await ask('PUT connections/acme/test-code', 'operator', { testEventCode: 'TEST1' }),
      await ask('PUT connections/acme/test-code', 'operator', { testEventCode: 'TEST1' }),
      await ask('PUT connections/acme/test-code', 'operator', { testEventCode: null }),
    ]
    expect(answers.map(({ json }) => json.testEventCode)).toEqual(['TEST1', 'TEST1', null])
    expect(directory.byId('acme')?.testEventCode).toBeNull()
    expect(await history('acme')).toEqual(['added', 'test_code_set', 'test_code_cleared'])
    expect(entries.filter(({ action }) => action === 'connections.test_code')).toHaveLength(3)
  })

  it('send one event by the given code, which changes nothing at the connection', async () => {
    const { ask, directory, history, entries } = await open()
    const { status, json, text } = await ask('POST connections/acme/test-event', 'operator', { testEventCode: 'TEST1' })
    expect([status, json]).toMatchObject([200, { verdict: 'accepted', code: 0, testEventCode: 'TEST1' }])
    expect(text).not.toContain('token-by-hand')
    expect(directory.byId('acme')?.testEventCode).toBeNull()
    expect(await history('acme')).toEqual(['added'])
    expect(entries.map(({ action }) => action)).toContain('connections.test_event')
  })

  it.each([
    ['POST connections/acme/test-event', 'viewer', {}, 403, 'role'],
    ['PUT connections/acme/test-code', 'viewer', { testEventCode: 'T' }, 403, 'role'],
    ['POST connections/acme/test-event', 'rival', { testEventCode: 'T' }, 404, 'connection_unknown'],
    ['PUT connections/acme/test-code', 'rival', { testEventCode: 'T' }, 404, 'connection_unknown'],
    ['POST connections/acme/test-event', 'operator', {}, 409, 'refused'],
    ['POST connections/acme/test-event', 'operator', { testEventCode: 'a b' }, 400, 'field'],
    ['PUT connections/acme/test-code', 'operator', {}, 400, 'field'],
    ['PUT connections/acme/test-code', 'operator', { testEventCode: '' }, 400, 'field'],
  ])('%s by %s with %j: %i %s', async (what, as, body, status, code) => {
    const { ask } = await open()
    expect(await ask(what, as, body)).toMatchObject({ status, json: { error: { code } } })
  })
})
