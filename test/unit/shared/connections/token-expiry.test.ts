import { firstExpiry, tokenState } from '../../../../services/shared/connections/tokens/token-expiry.ts'
import { accountGrant, connectionRecord, noon } from '../../../support/builders.ts'

const hour = 3_600_000
const day = 24 * hour
const withAccount = (
  fields: Parameters<typeof accountGrant>[0],
  status: 'active' | 'paused' | 'reconnect' = 'active',
) => connectionRecord({ status, account: accountGrant(fields) })

describe("an account's token", () => {
  it.each([
    ['just refreshed', {}, 'valid'],
    ['whose refresh is due, and may yet come', { expiresAt: noon + 6 * hour - 1 }, 'valid'],
    ['whose refresh has not come for an hour', { expiresAt: noon + 5 * hour - 1 }, 'expiring'],
    ['whose refresh token ends in a week', { refreshExpiresAt: noon + 7 * day - 1 }, 'expiring'],
    ['that has ended', { expiresAt: noon }, 'expired'],
    ['whose refresh token has ended', { refreshExpiresAt: noon }, 'expired'],
  ])('%s', (_name, fields, state) => expect(tokenState(withAccount(fields), noon)).toBe(state))

  it('is of no concern where there is none, and where a person is asked for already', () => {
    expect(tokenState(connectionRecord(), noon)).toBeNull()
    expect(tokenState(withAccount({ expiresAt: noon }, 'reconnect'), noon)).toBeNull()
    expect(tokenState(withAccount({ expiresAt: noon }, 'paused'), noon)).toBe('expired')
  })
})

describe('the first expiry', () => {
  it('is of each kind by itself, negative when past', () => {
    const connections = [
      connectionRecord(),
      withAccount({ expiresAt: noon - 2_000, refreshExpiresAt: noon + 2 * day }),
      withAccount({ expiresAt: noon + hour, refreshExpiresAt: noon + day }),
      withAccount({ expiresAt: noon - day }, 'reconnect'),
    ]
    expect(firstExpiry(connections, noon)).toEqual({ access: -2, refresh: 86_400 })
    expect(firstExpiry([connectionRecord()], noon)).toBeNull()
  })
})
