import { eligibilityOf, Tokens } from '../../../../services/dispatch/delivery/eligibility.ts'
import { SealBroken } from '../../../../services/runtime/keys/keyring.ts'
import { connectionRecord, testKeyring } from '../../../support/builders.ts'

const tokens = { of: () => 'token' }
const never = () => false

describe('whether a connection’s signals may be sent', () => {
  it('an active one: yes, with its token', () => {
    const connection = connectionRecord()
    expect(eligibilityOf(connection, tokens, never)).toEqual({ may: true, connection, token: 'token' })
  })

  it.each([
    ['unknown', undefined, { kind: 'connectionUnknown' }],
    ['disconnected', connectionRecord({ status: 'disconnected', accessToken: null }), { kind: 'withheld' }],
    ['paused', connectionRecord({ status: 'paused' }), { kind: 'standstill', reason: 'paused' }],
    ['to be reconnected', connectionRecord({ status: 'reconnect' }), { kind: 'standstill', reason: 'reconnect' }],
    ['without a token', connectionRecord({ accessToken: null }), { kind: 'standstill', reason: 'reconnect' }],
  ])('one that is %s: no', (_name, connection, finding) => {
    expect(eligibilityOf(connection, tokens, never)).toEqual({ may: false, finding })
  })

  it('one whose token was just refused: no, though the table does not say so yet', () => {
    expect(eligibilityOf(connectionRecord(), tokens, () => true)).toMatchObject({ finding: { reason: 'reconnect' } })
  })

  it('one whose token does not open: no, and nothing else stops for it', () => {
    expect(eligibilityOf(connectionRecord(), { of: () => null }, never)).toMatchObject({
      finding: { reason: 'token_unreadable' },
    })
  })
})

describe('tokens', () => {
  it('are unwrapped once, and again when they change', async () => {
    const keyring = await testKeyring()
    let unwrapped = 0
    const cache = new Tokens((sealed) => {
      unwrapped++
      return keyring.unwrap(sealed)
    })
    const first = keyring.wrap('first-token', 'token:acme')
    expect([cache.of('acme', first), cache.of('acme', Buffer.from(first)), cache.of('acme', first)]).toEqual([
      'first-token',
      'first-token',
      'first-token',
    ])
    expect(unwrapped).toBe(1)
    expect(cache.of('acme', keyring.wrap('second-token', 'token:acme'))).toBe('second-token')
  })

  it('that do not open, or fit into no header, are none', () => {
    const broken = new Tokens(() => {
      throw new SealBroken()
    })
    expect(broken.of('acme', Buffer.alloc(1))).toBeNull()
    expect(new Tokens(() => Buffer.from('two\nlines')).of('acme', Buffer.alloc(1))).toBeNull()
  })
})
