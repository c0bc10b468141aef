import type { TokenRecord, TokenScope } from '../../../../services/shared/model/token-record.ts'
import { covers, hasScope, isUnbound, settingAccess } from '../../../../services/shared/tokens/access.ts'
import { Bearers } from '../../../../services/shared/tokens/bearers.ts'
import { newToken } from '../../../../services/shared/tokens/store.ts'
import { noon } from '../../../support/builders.ts'

const request = { name: 'crm', tenantId: 'acme', accounts: null, scopes: ['ingest'] } as const
const minute = 60_000

describe('a token', () => {
  it('is stored as a hash, from which it cannot be read', () => {
    const { token, record } = newToken(request, 'ana@host', noon)
    expect(token).toMatch(new RegExp(`^sgt_${record.tokenId}_[A-Za-z0-9_-]{43}$`))
    expect(JSON.stringify(record)).not.toContain(token.slice(-20))
    expect(newToken(request, 'ana@host', noon).token).not.toBe(token)
  })

  it('works until it is revoked, beside others', () => {
    const bearers = new Bearers([{ token: 'of the setting', access: settingAccess('INGEST_TOKEN', ['ingest']) }])
    const [one, other] = [newToken(request, 'a', noon), newToken({ ...request, tenantId: 'zeta' }, 'a', noon)]
    const find = (token: string) => bearers.find(`Bearer ${token}`, '1.2.3.4', noon)
    expect(find(one.token)).toEqual({ kind: 'wrong' })
    for (const { record } of [one, other]) bearers.apply(record.tokenId, record)
    expect(find(one.token)).toMatchObject({ access: { id: one.record.tokenId, tenantId: 'acme' } })
    expect(find(other.token)).toMatchObject({ access: { tenantId: 'zeta' } })
    expect(find('of the setting')).toMatchObject({ access: { id: 'INGEST_TOKEN', tenantId: null } })
    const revoked: TokenRecord = { ...one.record, revokedAt: noon, revokedBy: 'a' }
    bearers.apply(revoked.tokenId, revoked)
    bearers.apply(other.record.tokenId, null)
    expect([find(one.token), find(other.token)]).toEqual([{ kind: 'wrong' }, { kind: 'wrong' }])
  })

  it.each<[TokenScope[], TokenScope[]]>([
    [['ingest'], ['ingest']],
    [['look-up'], ['look-up']],
    [['report'], ['report']],
    [['operate'], ['report', 'operate']],
    [['admin'], ['report', 'operate', 'admin']],
    [
      ['ingest', 'report'],
      ['ingest', 'report'],
    ],
  ])('with %p allows %p', (scopes, allowed) => {
    const access = { ...settingAccess('x', scopes) }
    const all: TokenScope[] = ['ingest', 'look-up', 'report', 'operate', 'admin']
    expect(all.filter((scope) => hasScope(access, scope))).toEqual(allowed)
  })

  it('covers the accounts that it is bound to', () => {
    const account = { tenantId: 'acme', source: 'line', accountId: '1' }
    const bound = { id: 't', tenantId: 'acme', accounts: [{ source: 'line', accountId: '1' }], scopes: [] }
    expect(covers(bound, account)).toBe(true)
    for (const other of [{ tenantId: 'zeta' }, { source: 'zalo' }, { accountId: '2' }])
      expect(covers(bound, { ...account, ...other })).toBe(false)
    expect(covers({ ...bound, accounts: null }, { ...account, accountId: '2' })).toBe(true)
    expect(covers({ ...bound, tenantId: null, accounts: null }, { ...account, tenantId: 'zeta' })).toBe(true)
    expect(isUnbound({ ...bound, tenantId: null })).toBe(false)
  })
})

describe('wrong tokens', () => {
  const open = () => new Bearers([{ token: 'right', access: settingAccess('X', ['ingest']) }])
  const guess = (bearers: Bearers, count: number, address: string, at = noon) => {
    for (let n = 0; n < count; n++) bearers.find(`Bearer guess ${n}`, address, at)
  }

  it('block their address for the rest of the minute, and no other', () => {
    const bearers = open()
    guess(bearers, 9, '1.2.3.4')
    expect(bearers.find('Bearer right', '1.2.3.4', noon).kind).toBe('known')
    guess(bearers, 1, '1.2.3.4', noon + 30_000)
    expect(bearers.find('Bearer other', '1.2.3.4', noon + 30_000)).toEqual({ kind: 'blocked', retryAfter: 30 })
    expect(bearers.find('Bearer other', '5.6.7.8', noon + 30_000)).toEqual({ kind: 'wrong' })
    expect(bearers.find('Bearer other', '1.2.3.4', noon + minute)).toEqual({ kind: 'wrong' })
  })

  it('do not lock out a token that has worked from the same address, behind one proxy', () => {
    const bearers = open()
    expect(bearers.find('Bearer right', '1.2.3.4', noon).kind).toBe('known')
    guess(bearers, 50, '1.2.3.4')
    expect(bearers.find('Bearer right', '1.2.3.4', noon).kind).toBe('known')
    guess(bearers, 50, '9.9.9.9')
    expect(bearers.find('Bearer right', '9.9.9.9', noon).kind).toBe('blocked')
  })

  it('of one IPv6 network count together, and IPv4 has one spelling', () => {
    const bearers = open()
    for (let n = 0; n < 10; n++) guess(bearers, 1, `2001:db8:1:2::${n}`)
    expect(bearers.find('Bearer x', '2001:db8:1:2::ffff', noon).kind).toBe('blocked')
    expect(bearers.find('Bearer x', '2001:db8:1:3::1', noon).kind).toBe('wrong')
    guess(bearers, 10, '::ffff:1.2.3.4')
    expect(bearers.find('Bearer x', '1.2.3.4', noon).kind).toBe('blocked')
  })

  it('are not those that are missing', () => {
    const bearers = open()
    for (let n = 0; n < 50; n++) expect(bearers.find(undefined, '1.2.3.4', noon)).toEqual({ kind: 'missing' })
    expect(bearers.find('Bearer right', '1.2.3.4', noon).kind).toBe('known')
  })
})
