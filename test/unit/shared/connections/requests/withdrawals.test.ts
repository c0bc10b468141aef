import { ConnectionDirectory } from '../../../../../services/shared/connections/directory.ts'
import { Withdrawals } from '../../../../../services/shared/connections/requests/withdrawals.ts'
import type { ConnectionRecord, ConnectionRequest } from '../../../../../services/shared/model/connection-record.ts'
import { connectionRecord, noon } from '../../../../support/builders.ts'

const connection = connectionRecord({ source: 'tiktok', accountId: 'biz', authorisedAt: noon, connectedAt: noon })
const withdrawal = { source: 'tiktok', accountId: 'biz', reason: 3, occurredAt: noon + 5_000 }

const open = (fields: Partial<ConnectionRecord> = {}) => {
  const directory = new ConnectionDirectory()
  const current = { ...connection, ...fields }
  directory.apply('acme-wa', current)
  const sent: ConnectionRequest[] = []
  const withdrawals = new Withdrawals(directory, async (request) => void sent.push(request))
  return { withdrawals, sent, current }
}

describe('a withdrawal that ingest meets', () => {
  it('is asked of control, and counts in this process at once', async () => {
    const { withdrawals, sent, current } = open()
    expect(withdrawals.hasEnded(current)).toBe(false)
    await withdrawals.withdraw(withdrawal)
    expect(sent).toEqual([
      {
        kind: 'withdrawn',
        connectionId: 'acme-wa',
        source: 'tiktok',
        accountId: 'biz',
        code: 3,
        occurredAt: noon + 5_000,
        changedAt: null,
      },
    ])
    expect(withdrawals.hasEnded(current)).toBe(true)
  })

  it('does not end a consent that began later', async () => {
    const { withdrawals, current } = open()
    await withdrawals.withdraw(withdrawal)
    expect(withdrawals.hasEnded({ ...current, connectedAt: noon + 60_000, authorisedAt: noon + 60_000 })).toBe(false)
    expect(withdrawals.hasEnded({ ...current, connectionId: 'other' })).toBe(false)
  })

  it('still counts when an older one comes after it', async () => {
    const { withdrawals, current } = open()
    await withdrawals.withdraw({ ...withdrawal, occurredAt: noon + 9_000 })
    await withdrawals.withdraw(withdrawal)
    expect(withdrawals.hasEnded({ ...current, authorisedAt: noon + 8_000 })).toBe(true)
  })

  it.each<[string, Partial<ConnectionRecord>, Partial<typeof withdrawal>]>([
    ['older than the current consent', {}, { occurredAt: noon - 60_000 }],
    ['of an account without a connection', {}, { accountId: 'other' }],
    ['of a connection that has ended already', { status: 'disconnected' }, {}],
  ])('asks for nothing when it is %s', async (_name, fields, change) => {
    const { withdrawals, sent, current } = open(fields)
    await withdrawals.withdraw({ ...withdrawal, ...change })
    expect([sent, withdrawals.hasEnded(current)]).toEqual([[], false])
  })
})
