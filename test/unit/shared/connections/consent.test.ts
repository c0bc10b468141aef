import { connectionRecordOf, disconnect } from '../../../../services/shared/connections/connection.ts'
import { parseConnection } from '../../../../services/shared/connections/connection-file.ts'
import { occurredUnderConsent, receivedUnderConsent } from '../../../../services/shared/connections/consent.ts'
import type { ConnectionRecord } from '../../../../services/shared/model/connection-record.ts'
import { connectionRecord, noon, testKeyring } from '../../../support/builders.ts'

const hour = 3_600_000
const at = (hours: number) => noon + hours * hour
const { source, accountId } = connectionRecord()
const input = (fields: object = {}) =>
  parseConnection({
    ...{ connectionId: 'acme-wa', tenantId: 'acme', source, accountId, accessToken: 't' },
    ...{ advertiserId: '7000000000001', eventSetId: '9000000000001' },
    ...fields,
  })

describe('the record of a connection', () => {
  it('keeps when each of its consents began and ended', async () => {
    const keyring = await testKeyring()
    const first = connectionRecordOf(input(), undefined, at(0), keyring)
    expect(first).toMatchObject({ connectedAt: at(0), disconnectedAt: null, earlierConsents: [] })
    const replaced = connectionRecordOf(input(), first, at(1), keyring)
    expect(replaced).toMatchObject({ connectedAt: at(0), disconnectedAt: null, earlierConsents: [] })
    const ended = disconnect(replaced, at(2))
    expect(ended).toMatchObject({ connectedAt: at(0), disconnectedAt: at(2), earlierConsents: [] })
    const second = connectionRecordOf(input(), ended, at(5), keyring)
    const earlier = { source, accountId, from: at(0), to: at(2) }
    expect(second).toMatchObject({ connectedAt: at(5), disconnectedAt: null, earlierConsents: [earlier] })
    const third = connectionRecordOf(input(), disconnect(second, at(6)), at(7), keyring)
    expect(third.earlierConsents).toEqual([earlier, { source, accountId, from: at(5), to: at(6) }])
  })

  it('has the earlier consents of its account, also where another connection held it', async () => {
    const keyring = await testKeyring()
    const holder = connectionRecord({
      connectionId: 'a',
      status: 'disconnected',
      connectedAt: at(0),
      disconnectedAt: at(1),
    })
    const add = (before: ConnectionRecord | undefined, of: ConnectionRecord) =>
      connectionRecordOf(input({ connectionId: 'b' }), before, at(2), keyring, 'token', of).earlierConsents
    const earlier = { source, accountId, from: at(0), to: at(1) }
    expect(add(undefined, holder)).toEqual([earlier])
    const again = connectionRecord({
      connectionId: 'b',
      status: 'disconnected',
      connectedAt: at(1),
      disconnectedAt: at(2),
      earlierConsents: [earlier],
    })
    expect(add(again, holder)).toEqual([earlier, { source, accountId, from: at(1), to: at(2) }])
    expect(add({ ...again, status: 'active', disconnectedAt: null }, holder)).toEqual([earlier])
  })
})

describe('what was received', () => {
  it('is under the consent in force from its first moment on, and never before', () => {
    const connection = { connectedAt: at(1) }
    expect(receivedUnderConsent({ receivedAt: at(1) - 1 }, connection)).toBe(false)
    expect(receivedUnderConsent({ receivedAt: at(1) }, connection)).toBe(true)
  })
})

describe('an event of a file', () => {
  const isCovered = (hours: number, connection: ConnectionRecord, ...others: ConnectionRecord[]) =>
    occurredUnderConsent({ all: () => [connection, ...others] })({ occurredAt: at(hours), receivedAt: 0 }, connection)

  it.each<[string, Partial<ConnectionRecord>, number, boolean]>([
    ['after the authorisation', {}, 10, true],
    ['at the authorisation', {}, 0, true],
    ['before it', {}, -1, false],
    ['before the connection, after an authorisation set earlier', { authorisedAt: at(-5) }, -1, true],
    ['before an authorisation set earlier', { authorisedAt: at(-5) }, -6, false],
    ['within the consent, before the token of now', { authorisedAt: at(8) }, 4, true],
    ['of a record that knows no beginning, after its authorisation', { connectedAt: 0, authorisedAt: at(2) }, 3, true],
    ['of a record that knows no beginning, before it', { connectedAt: 0, authorisedAt: at(2) }, 1, false],
  ])('%s', (_when, fields, hours, expected) => {
    expect(isCovered(hours, connectionRecord({ connectedAt: at(0), authorisedAt: at(0), ...fields }))).toBe(expected)
  })

  const earlierConsents = [
    { source, accountId, from: at(-10), to: at(-8) },
    { source, accountId, from: at(-6), to: at(-4) },
  ]
  const again = connectionRecord({ connectedAt: at(0), authorisedAt: at(-12), earlierConsents })

  it.each([
    [-11, true],
    [-9, true],
    [-8, false],
    [-7, false],
    [-6, true],
    [-5, true],
    [-4, false],
    [-1, false],
    [0, true],
  ])('%d h from the present consent, between earlier ones or in them: %s', (hours, expected) => {
    expect(isCovered(hours, again)).toBe(expected)
  })

  it('counts the consents of the account, also those of another connection, and no others', () => {
    const connection = connectionRecord({ connectionId: 'b', connectedAt: at(0), authorisedAt: at(-12) })
    const ended = { status: 'disconnected', connectedAt: at(-6), disconnectedAt: at(-4) } as const
    expect(isCovered(-2, connection, connectionRecord(ended))).toBe(false)
    expect(isCovered(-5, connection, connectionRecord(ended))).toBe(true)
    expect(isCovered(-2, connection, connectionRecord({ ...ended, accountId: 'another' }))).toBe(true)
    const before = { status: 'disconnected', connectedAt: at(-6), changedAt: at(-4) } as const
    expect(isCovered(-2, connection, connectionRecord(before))).toBe(false)
  })
})
