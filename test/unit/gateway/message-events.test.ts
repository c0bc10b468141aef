import { admitEvents, eventRecord, parseEvents, requireAccess } from '../../../services/gateway/message-events.ts'
import type { TokenAccess } from '../../../services/shared/tokens/access.ts'
import { settingAccess } from '../../../services/shared/tokens/access.ts'
import { Bearers } from '../../../services/shared/tokens/bearers.ts'
import { messageEvent, noon, testEnvelopes, testKeyring } from '../../support/builders.ts'
import { bodyOf, openGatewayWorld } from '../../support/gateway-world.ts'
import { problemOf, statusOf } from '../../support/http-status.ts'

const all = settingAccess('INGEST_TOKEN', ['ingest', 'look-up'])
const acme: TokenAccess = { id: 't1', tenantId: 'acme', accounts: null, scopes: ['ingest'] }

describe('a bearer', () => {
  const bearers = (...tokens: string[]) => new Bearers(tokens.map((token) => ({ token, access: all })))
  it.each<[string, string | undefined, string[], number, string]>([
    ['the token', 'Bearer right', ['right'], 200, ''],
    ['one of two while it is replaced', 'Bearer next', ['right', 'next'], 200, ''],
    ['another token', 'Bearer wrong', ['right'], 401, 'token_wrong'],
    ['no token', undefined, ['right'], 401, 'token_missing'],
    ['a token where none is known', 'Bearer right', [], 401, 'no_token'],
  ])('with %s', (_name, given, tokens, status, code) => {
    const problem = problemOf(() => requireAccess(bearers(...tokens), given, 'ingest', '1.2.3.4', noon))
    expect(problem ?? { status: 200, code: '' }).toMatchObject({ status, code })
  })

  it('whose token lacks the scope is answered 403', () => {
    const reader = new Bearers([{ token: 'reader', access: { ...acme, scopes: ['report', 'admin'] } }])
    expect(problemOf(() => requireAccess(reader, 'Bearer reader', 'ingest', '1.2.3.4', noon))).toMatchObject({
      status: 403,
      code: 'scope',
    })
  })

  it('that tries many tokens is answered 429 with the time to wait', () => {
    const known = bearers('right')
    const ask = (given: string) => problemOf(() => requireAccess(known, given, 'ingest', '1.2.3.4', noon))
    for (let n = 0; n < 10; n++) expect(ask(`Bearer guess-${n}`)?.status).toBe(401)
    expect(ask('Bearer guess')).toMatchObject({ status: 429, retryAfter: 60 })
    expect(ask('Bearer right')?.status).toBe(429)
  })
})

describe('message events', () => {
  const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))

  it('are valid all or none, with a result for each', () => {
    expect(parseEvents(bytes(messageEvent()))).toMatchObject({ valid: true, results: [{ status: 'stored' }] })
    const mixed = parseEvents(bytes([messageEvent(), { ...messageEvent(), occurredAt: 5 }]))
    expect(mixed.valid).toBe(false)
    expect(mixed.results).toEqual([
      { status: 'not_stored' },
      { status: 'invalid', problems: [{ field: 'occurredAt', problem: expect.stringContaining('milliseconds') }] },
    ])
    for (const body of ['[]', '{', '"x']) expect(statusOf(() => parseEvents(Buffer.from(body)))).toBe(400)
  })

  it('have at most 20 aliases', () => {
    const aliases = (count: number) => Array.from({ length: count }, (_, n) => `a${n}`)
    expect(parseEvents(bytes(messageEvent({ aliases: aliases(20) }))).valid).toBe(true)
    expect(parseEvents(bytes(messageEvent({ aliases: aliases(21) }))).results).toEqual([
      { status: 'invalid', problems: [{ field: 'aliases', problem: 'must have at most 20 entries' }] },
    ])
  })

  const world = async () => {
    const { connect, tools } = await openGatewayWorld()
    connect({ connectionId: 'acme-1', tenantId: 'acme', accountId: '1' })
    connect({ connectionId: 'acme-2', tenantId: 'acme', accountId: '2' })
    connect({ connectionId: 'zeta', tenantId: 'zeta', accountId: '3' })
    connect({ connectionId: 'gone', tenantId: 'acme', accountId: '4', status: 'disconnected' })
    return tools.connections as Parameters<typeof admitEvents>[2]
  }
  const events = ['1', '2', '3', '4', '5'].map((accountId) => messageEvent({ accountId }))
  const accounts = (given: readonly { readonly accountId: string }[]) =>
    given.map(({ accountId }) => accountId).join('')

  it.each<[string, TokenAccess, boolean, string, string]>([
    ['for all tenants', all, false, '123', '45'],
    ['for all tenants, where what is unconnected is kept', all, true, '12345', ''],
    ['of one tenant', acme, false, '12', '45'],
    ['of one tenant, where what is unconnected is kept', acme, true, '12', '45'],
    ['of one account', { ...acme, accounts: [{ source: 'whatsapp', accountId: '2' }] }, false, '2', '45'],
    ['of one account of another source', { ...acme, accounts: [{ source: 'line', accountId: '2' }] }, false, '', '45'],
    ["of another tenant's account", { ...acme, accounts: [{ source: 'whatsapp', accountId: '3' }] }, false, '', '45'],
  ])('of a token %s are stored for its accounts only', async (_name, access, keeps, stored, unconnected) => {
    const admitted = admitEvents(events, access, await world(), keeps)
    expect([accounts(admitted.stored), accounts(admitted.unconnected)]).toEqual([stored, unconnected])
    expect(admitted.results.map(({ status }) => status)).toEqual(
      events.map(({ accountId }) => (stored.includes(accountId) ? 'stored' : 'not_stored')),
    )
  })

  it('that are not stored say so by field, alike for an unknown, a disconnected and a foreign account', async () => {
    const connections = await world()
    expect(admitEvents(events, all, connections, false).results.slice(3)).toEqual(
      Array.from({ length: 2 }, () => ({
        status: 'not_stored',
        problems: [{ field: 'accountId', problem: 'no connection' }],
      })),
    )
    const [foreign, gone, unknown] = admitEvents(events, acme, connections, false).results.slice(2)
    expect(foreign?.problems).toEqual([{ field: 'accountId', problem: expect.stringMatching(/^no connection/) }])
    expect([gone, unknown]).toEqual([foreign, foreign])
  })

  it('are sealed, under a record key without personal data, with the token that handed them over', async () => {
    const keyring = await testKeyring()
    const envelopes = testEnvelopes(keyring)
    const record = eventRecord(messageEvent(), acme, noon, undefined, keyring, null, envelopes)
    expect(record.key).toMatch(/^[0-9a-f]{32}$/)
    expect(record.value?.toString('latin1')).not.toContain('pagar')
    expect(record.headers).toMatchObject({ 'verified-by': 'token:t1', 'verified-account': '106540352242922' })
    expect(JSON.parse(bodyOf(record, envelopes))).toEqual(messageEvent())
  })
})
