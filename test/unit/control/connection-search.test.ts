import {
  type ConnectionQuery,
  connectionQuery,
  searchConnections,
} from '../../../services/control/admin/connection-search.ts'
import type { Connection } from '../../../services/shared/connections/directory.ts'
import { connectionRecord } from '../../support/builders.ts'

const connection = (n: number, changes: Partial<Connection> = {}): Connection => ({
  ...connectionRecord(),
  ...{ connectionId: `shop-${String(n).padStart(5, '0')}`, accountId: `55${n}`, advertiserId: `70${n}` },
  ...{ tenantId: `tenant-${n % 7}`, source: n % 2 ? 'whatsapp' : 'zalo', status: 'active', changedAt: n },
  ...changes,
})
const query = (text: string): ConnectionQuery => connectionQuery(new URLSearchParams(text))
const all = Array.from({ length: 120 }, (_, n) => connection(n))

describe('a search of connections', () => {
  it('finds a part of each name, in any case', () => {
    const ids = (text: string) => searchConnections(all, query(text), 0).items.map(({ connectionId }) => connectionId)
    expect(ids('text=SHOP-00042')).toEqual(['shop-00042'])
    expect(ids('text=7042')).toEqual(['shop-00042'])
    expect(ids('text=5542')).toEqual(['shop-00042'])
    expect(searchConnections(all, query('text=tenant-3'), 0).total).toBe(17)
    expect(ids('text=nothing')).toEqual([])
  })

  it('gives a page, and what there is in all', () => {
    const { total, items } = searchConnections(all, query('sort=connectionId&page=2&size=50'), 0)
    expect([total, items.length, items[0]?.connectionId]).toEqual([120, 20, 'shop-00100'])
  })

  it('puts those first that need a person, and sorts as asked', () => {
    const some = [
      connection(1),
      connection(2, { status: 'disconnected' }),
      connection(3, { status: 'reconnect' }),
      connection(4, { status: 'paused' }),
    ]
    const order = (text: string) => searchConnections(some, query(text), 0).items.map(({ changedAt }) => changedAt)
    expect(order('')).toEqual([3, 4, 1, 2])
    expect(order('sort=changedAt&descending=true')).toEqual([4, 3, 2, 1])
  })

  it('counts what each filter would find, whatever the filter', () => {
    const found = searchConnections(all, query('status=paused&source=zalo'), 0)
    expect(found).toMatchObject({ total: 0, byStatus: { active: 120 }, bySource: { whatsapp: 60, zalo: 60 } })
  })

  it('returns no secret', () => {
    const secret = Buffer.from('secret of the test')
    const some = [
      connection(1, { accessToken: secret, webhookSecret: secret, dataKey: secret, envelopePrivateKey: secret }),
    ]
    const text = JSON.stringify(searchConnections(some, query(''), 0))
    expect(text).not.toContain(JSON.stringify(secret).slice(1, -1))
    expect(text).toContain('"hasAccessToken":true')
  })

  it.each(['status=gone', 'sort=length', 'page=-1', 'page=x', 'size=0', 'size=201', 'size=1.5'])(
    'refuses %s',
    (text) => {
      const name = text.split('=')[0] as string
      expect(() => query(text)).toThrow(new RegExp(`^${name} must be`))
    },
  )
})
