import type { Principal } from '../../../services/control/access/authenticator.ts'
import { noon } from '../../support/builders.ts'
import { type Ask, openConsole } from '../../support/console-world.ts'

const file = (connectionId: string, tenantId: string, accountId: string) => ({
  ...{ connectionId, tenantId, source: 'whatsapp', accountId },
  ...{ advertiserId: '700', eventSetId: '900', accessToken: 'token-by-hand' },
})

const bearer = (fields: Partial<Principal>): Principal => ({
  ...{ actor: 'token-1', role: 'viewer', tenant: null, accounts: null },
  ...fields,
})

const open = async () => {
  const tokens = new Map([
    ['viewer', bearer({})],
    ['of t', bearer({ tenant: 't' })],
    ['of account', bearer({ tenant: 't', accounts: [{ source: 'whatsapp', accountId: '56' }] })],
    ['admin of t', bearer({ tenant: 't', role: 'admin' })],
  ])
  const world = await openConsole({ tokens })
  const ask = (what: string, as?: string, body?: object) => {
    const given: Ask = {
      ...(as === undefined ? {} : { headers: { authorization: `Bearer ${as}` } }),
      ...(body && { body }),
    }
    return world.ask(what.replace(' ', ' /admin/v1/'), given)
  }
  for (const one of [file('acme', 't', '55'), file('acme-2', 't', '56'), file('rival', 'u', '57')])
    expect((await ask('POST connections', undefined, one)).status).toBe(201)
  return { ...world, ask }
}
const day = new Date(noon).toISOString().slice(0, 10)
const days = `from=${day}&to=${day}`
const idsIn = (rows: unknown) => (rows as { connectionId: string }[]).map(({ connectionId }) => connectionId)

describe('the activity of a connection', () => {
  it('is shown to who sees the connection', async () => {
    const { ask } = await open()
    expect(await ask('GET connections/acme/activity', 'of t')).toMatchObject({
      ...{ status: 200, json: { connectionId: 'acme', starts: 0, refused: [{ code: 'signature_wrong' }] } },
    })
    expect((await ask('GET connections/rival/activity', 'of t')).status).toBe(404)
    expect((await ask('GET connections/acme/activity', 'of account')).status).toBe(404)
  })
})

describe('the report', () => {
  it('is of the connections that the bearer may see', async () => {
    const { ask } = await open()
    const reported = async (query: string, as: string) => idsIn((await ask(`GET report?${days}${query}`, as)).json)
    expect(await reported('', 'viewer')).toEqual(['acme', 'acme-2', 'rival'])
    expect(await reported('', 'of t')).toEqual(['acme', 'acme-2'])
    expect(await reported('', 'of account')).toEqual(['acme-2'])
    expect(await reported('&tenant=u', 'viewer')).toEqual(['rival'])
    expect(await reported('&tenant=u', 'of t')).toEqual([])
    expect(await reported('&connection=acme', 'of t')).toEqual(['acme'])
    expect((await ask(`GET report?${days}&connection=rival`, 'of t')).status).toBe(404)
  })

  it.each([
    ['', /from and to are needed/],
    ['?from=yesterday&to=2026-11-23', /from must be a day in UTC, such as/],
    ['?from=2026-02-30&to=2026-11-23', /from must be a day/],
    ['?from=2026-11-23&to=2026-11-22', /to must not be before from/],
    ['?from=2025-01-01&to=2026-11-22', /from must be at most 30 days back/],
    [`?${days}&connection=a&tenant=b`, /name connection or tenant/],
  ])('is refused with the field and the remedy: %s', async (query, message) => {
    const { ask } = await open()
    const { status, json } = await ask(`GET report${query}`, 'viewer')
    expect([status, json]).toEqual([
      400,
      { error: expect.objectContaining({ message: expect.stringMatching(message) }) },
    ])
  })
})

describe('an explanation', () => {
  const asked = { connectionId: 'acme', conversationId: '55:5215550001' }

  it('is for viewers, of the connections of their tenant, with an entry that names the connection', async () => {
    const { ask, entries } = await open()
    const { status, json } = await ask('POST explain', 'of t', { ...asked, from: 5, to: 9 })
    expect([status, json]).toEqual([
      200,
      expect.objectContaining({ ...asked, options: { since: 5, until: 9, showText: false } }),
    ])
    expect(entries.at(-1)).toMatchObject({ action: 'explain', target: 'acme', actor: 'token-1', outcome: 'allowed' })
    const other = { ...asked, connectionId: 'rival' }
    expect((await ask('POST explain', 'of t', other)).status).toBe(404)
    expect((await ask('POST explain', 'of account', asked)).status).toBe(404)
    expect(JSON.stringify(entries)).not.toContain('5215550001')
  })

  it('names accounts without a connection to those alone who see all tenants', async () => {
    const { ask } = await open()
    expect((await ask('POST explain', 'viewer', asked)).json.unconnected).toHaveLength(1)
    expect((await ask('POST explain', 'of t', asked)).json.unconnected).toEqual([])
  })

  it('shows texts to administrators alone, and notes it', async () => {
    const { ask, shown, entries } = await open()
    const withText = { ...asked, showText: true }
    expect((await ask('POST explain', 'of t', withText)).status).toBe(403)
    expect((await ask('POST explain', 'admin of t', { ...withText, connectionId: 'rival' })).status).toBe(404)
    expect(shown).toEqual([])
    expect((await ask('POST explain', 'admin of t', withText)).status).toBe(200)
    expect([shown, entries.at(-1)?.action]).toEqual([['acme token-1'], 'explain.text'])
  })

  it.each([
    [{ connectionId: 'acme' }, /name either conversationId or messageId/],
    [{ ...asked, messageId: 'm' }, /name either conversationId or messageId/],
    [{ ...asked, from: 9, to: 9 }, /to: must be after from/],
    [{ ...asked, from: '2026-11-23' }, /from: /],
    [{ ...asked, conversation: 'x' }, /conversation/],
  ])('is refused with the field: %j', async (body, message) => {
    const { ask } = await open()
    const { status, json } = await ask('POST explain', 'viewer', body)
    expect([status, json]).toEqual([
      400,
      { error: expect.objectContaining({ message: expect.stringMatching(message) }) },
    ])
  })

  it('answers 404 for a message of which nothing is known', async () => {
    const { ask } = await open()
    expect((await ask('POST explain', 'viewer', { connectionId: 'acme', messageId: 'unknown' })).status).toBe(404)
  })
})
