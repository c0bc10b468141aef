import {
  callEligibility,
  deliveryStart,
  type Eligibility,
  eligibilityOf,
  limitDecision,
  limitTimeouts,
  signalEligibility,
} from '../../../../services/dispatch/delivery/eligibility.ts'
import { Tokens } from '../../../../services/dispatch/delivery/tokens.ts'
import type { SendResult } from '../../../../services/dispatch/signal/send-result.ts'
import { SealBroken } from '../../../../services/runtime/keys/keyring.ts'
import { consentOf } from '../../../../services/shared/connections/consent.ts'
import { connectionRecord, noon, signal, testKeyring } from '../../../support/builders.ts'

const tokens = { of: () => 'token' }
const never = () => false

describe('whether a connection’s signals may be sent', () => {
  it('an active one: yes, with its token', () => {
    const connection = connectionRecord()
    expect(eligibilityOf(connection, tokens, never)).toEqual({ eligible: true, connection, token: 'token' })
  })

  it.each([
    ['unknown', undefined, { kind: 'connectionUnknown' }],
    ['disconnected', connectionRecord({ status: 'disconnected', accessToken: null }), { kind: 'withheld' }],
    ['paused', connectionRecord({ status: 'paused' }), { kind: 'blocked', reason: 'paused' }],
    ['to be reconnected', connectionRecord({ status: 'reconnect' }), { kind: 'blocked', reason: 'reconnect' }],
    ['without a token', connectionRecord({ accessToken: null }), { kind: 'blocked', reason: 'reconnect' }],
  ])('one that is %s: no', (_name, connection, result) => {
    expect(eligibilityOf(connection, tokens, never)).toEqual({ eligible: false, result })
  })

  it('one whose token was just refused: no, though the connections table does not show it yet', () => {
    expect(eligibilityOf(connectionRecord(), tokens, () => true)).toMatchObject({ result: { reason: 'reconnect' } })
  })

  it('one whose token cannot be unsealed: no, and no other connection stops for it', () => {
    expect(eligibilityOf(connectionRecord(), { of: () => null }, never)).toMatchObject({
      result: { reason: 'token_unreadable' },
    })
  })
})

const connection = connectionRecord()
const consent = consentOf(connection)
const active: Eligibility = { eligible: true, connection, token: 'token' }
const no = (result: SendResult): Eligibility => ({ eligible: false, result })
const paused = no({ kind: 'blocked', reason: 'paused' })
const disconnected = no({ kind: 'withheld' })

describe('whether a signal may be sent', () => {
  const expireMs = 1_000
  it.each<[string, Eligibility, string | undefined, number, string]>([
    ['of this consent', active, consent, 0, 'eligible'],
    ['without a recorded consent', active, undefined, 0, 'eligible'],
    ['of an earlier consent', active, 'earlier', 0, 'withheld'],
    ['at its last moment', active, consent, 1_000, 'eligible'],
    ['that is too old', active, consent, 1_001, 'expired'],
    ['that is too old, of a disconnected connection', disconnected, consent, 1_001, 'withheld'],
    ['that is too old, of an earlier consent', active, 'earlier', 1_001, 'withheld'],
    ['that is too old, of a paused connection', paused, consent, 1_001, 'expired'],
    ['of a paused connection', paused, consent, 0, 'blocked'],
  ])('one %s', (_name, ofConnection, ofSignal, age, expected) => {
    const found = signalEligibility(ofConnection, signal({ occurredAt: noon - age }), ofSignal, { now: noon, expireMs })
    expect(found.eligible ? 'eligible' : found.result.kind).toBe(expected)
  })

  const unknown = no({ kind: 'connectionUnknown' })
  it.each<[string, Eligibility, string, number, string]>([
    ['of an active connection', active, consent, 0, 'counted'],
    ['that is too old', active, consent, 1_001, 'counted'],
    ['of a paused connection', paused, consent, 0, 'counted'],
    ['of a disconnected connection', disconnected, consent, 0, 'withheld'],
    ['of an earlier consent', active, 'earlier', 0, 'withheld'],
    ['of a connection that is not known yet', unknown, consent, 0, 'connectionUnknown'],
  ])('never one that is only counted, %s', (_name, ofConnection, ofSignal, age, expected) => {
    const counted = signal({ occurredAt: noon - age, countOnly: true })
    const found = signalEligibility(ofConnection, counted, ofSignal, { now: noon, expireMs })
    expect(found.eligible ? 'eligible' : found.result.kind).toBe(expected)
  })
})

describe('whether a signal of a sandbox may be sent', () => {
  it.each([
    ['active', 'counted'],
    ['reconnect', 'counted'],
    ['paused', 'blocked'],
    ['disconnected', 'withheld'],
  ] as const)('never: a connection that is %s ends it as %s', (status, expected) => {
    const connection = connectionRecord({ status, sandbox: true, accessToken: null })
    const found = eligibilityOf(connection, { of: () => 'a token' }, () => false)
    const sent = signalEligibility(found, signal({ occurredAt: noon - 9_999 }), undefined, {
      now: noon,
      expireMs: 99_999,
    })
    expect(sent.eligible ? null : sent.result.kind).toBe(expected)
  })
})

describe('how a delivery starts', () => {
  it.each([
    ['closed', { kind: 'send' }, 'main', false, { kind: 'attached' }],
    ['half open, with the probe', { kind: 'probe', next: {} }, 'main', false, { kind: 'attached' }],
    ['slow', { kind: 'detached' }, 'main', false, { kind: 'queued', result: { reason: 'slow', delay: '10s' } }],
    [
      'closed, after a detached delivery',
      { kind: 'send' },
      'main',
      true,
      { kind: 'queued', result: { reason: 'slow' } },
    ],
    ['closed, for deferred signals', { kind: 'send' }, 'waiting', true, { kind: 'attached' }],
    [
      'open',
      { kind: 'notAttempted', delay: '1m' },
      'main',
      true,
      { kind: 'refused', result: { kind: 'notAttempted', reason: 'breaker_open', delay: '1m' } },
    ],
  ] as const)('with a breaker that is %s', (_name, admission, trafficClass, hasDetached, expected) =>
    expect(deliveryStart(admission as never, trafficClass, hasDetached)).toMatchObject(expected),
  )
})

describe('whether a call may begin', () => {
  const stopped: SendResult = { kind: 'notAttempted', delay: '10s', reason: 'service' }
  it('not once an answer has stopped the delivery', () =>
    expect(callEligibility(active, { stopped, startBy: null }, consent, noon)).toEqual(no(stopped)))

  it('until the deadline of a detached delivery', () => {
    expect(callEligibility(active, { stopped: null, startBy: noon }, consent, noon)).toBe(active)
    expect(callEligibility(active, { stopped: null, startBy: noon }, consent, noon + 1).eligible).toBe(false)
  })

  it('not once the consent has ended', () =>
    expect(callEligibility(active, { stopped: null, startBy: null }, 'earlier', noon)).toEqual(disconnected))
})

describe('how long a call waits for a limit', () => {
  const waits = { usualMs: 300, limitedMs: 100, now: noon }
  it.each([
    ['attached: as long as for a call, all calls of the batch together', null, 'main', 200],
    ['attached, deferred signals: as long for each call', null, 'waiting', 300],
    ['detached: until its deadline', noon + 5_000, 'main', 5_000],
    ['detached, past its deadline: not at all', noon - 1, 'main', 0],
  ] as const)('%s', (_name, startBy, trafficClass, advertiser) =>
    expect(limitTimeouts({ startBy }, trafficClass, waits)).toEqual({ app: 30_000, advertiser }),
  )

  it.each([
    ['passed', null, 'main', 'send'],
    ['advertiser', null, 'main', 'detach'],
    ['advertiser', noon, 'main', { kind: 'notAttempted', delay: '10s', reason: 'limit_advertiser' }],
    ['advertiser', null, 'waiting', { kind: 'notAttempted', delay: '10s', reason: 'limit_advertiser' }],
    ['app', null, 'main', { kind: 'notAttempted', delay: '10s', reason: 'limit_app' }],
  ] as const)('and then, %s short, deadline %s, %s traffic', (passage, startBy, trafficClass, expected) =>
    expect(limitDecision(passage, { startBy }, trafficClass)).toEqual(expected),
  )
})

describe('tokens', () => {
  it('are unwrapped once, and again when they change', async () => {
    const keyring = await testKeyring()
    let unwrapped = 0
    const cache = new Tokens((sealed, context) => {
      unwrapped++
      return keyring.unwrap(sealed, context)
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

  it('that cannot be unsealed, or are not valid in a header, are null', () => {
    const broken = new Tokens(() => {
      throw new SealBroken()
    })
    expect(broken.of('acme', Buffer.alloc(1))).toBeNull()
    expect(new Tokens(() => Buffer.from('two\nlines')).of('acme', Buffer.alloc(1))).toBeNull()
  })
})
