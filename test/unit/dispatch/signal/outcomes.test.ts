import { outcomeOf, unknownCodeAttempts, waitAfter } from '../../../../services/dispatch/signal/outcomes.ts'
import type { SendResult } from '../../../../services/dispatch/signal/send-result.ts'
import { noon, signal } from '../../../support/builders.ts'

const now = noon + 60_000
const decide = (result: SendResult, attempt = 1) => outcomeOf(signal(), attempt, result, now)
const delivered = (fields: object) => ({
  kind: 'forwarded',
  records: [
    {
      topic: 'deliveries',
      key: 'acme-wa',
      value: {
        signalId: '5e'.repeat(16),
        connectionId: 'acme-wa',
        kind: 'conversation',
        occurredAt: noon,
        code: null,
        requestId: null,
        attempt: 1,
        sentAt: null,
        settledAt: now,
        flags: [],
        event: null,
        value: null,
        currency: null,
        origin: null,
        hasTrackingId: false,
        test: false,
        ...fields,
      },
    },
  ],
})

describe('the outcome of a signal', () => {
  it.each(['accepted', 'duplicate', 'rejected'] as const)(
    '%s: an outcome with code, attempt, time and request id',
    (outcome) => {
      const result = {
        kind: 'final',
        outcome,
        code: 7,
        requestId: 'r',
        attempt: 2,
        sentAt: now - 9,
        at: now - 5,
      } as const
      expect(decide(result, 3)).toEqual(
        delivered({ outcome, code: 7, requestId: 'r', attempt: 2, sentAt: now - 9, settledAt: now - 5 }),
      )
    },
  )

  it.each(['recorded', 'repeated'] as const)('%s: nothing is left to do', (kind) => {
    expect(decide({ kind })).toEqual({ kind: 'dropped', reason: kind })
  })

  it.each(['withheld', 'expired', 'counted'] as const)('%s: an outcome without a code', (kind) => {
    expect(decide({ kind }, 4)).toEqual(delivered({ outcome: kind, attempt: 4 }))
  })

  it('repeats what reports need of the signal', () => {
    const purchase = {
      kind: 'outcome' as const,
      event: 'Purchase',
      value: '12.50',
      currency: 'IDR',
      origin: 'tiktok_ad' as const,
    }
    const outcome = outcomeOf(signal({ ...purchase, trackingId: 'click-1' }), 1, { kind: 'counted' }, now)
    expect(outcome).toEqual(delivered({ ...purchase, outcome: 'counted', hasTrackingId: true }))
  })

  it.each([
    [1, '10s'],
    [2, '1m'],
    [3, '5m'],
    [4, '30m'],
    [5, '2h'],
    [6, '2h'],
    [300, '2h'],
  ] as const)('refused at attempt %i: waits %s', (attempt, delay) => {
    expect(waitAfter(attempt)).toBe(delay)
    expect(decide({ kind: 'refused', unknownCode: false, reason: 'timeout' }, attempt)).toEqual({
      kind: 'deferred',
      delay,
      reason: 'timeout',
      attempted: true,
    })
  })

  it('an unknown code is tried a few times, then parked, never dropped', () => {
    const result = { kind: 'refused', unknownCode: true, reason: 'unknown_code' } as const
    expect(decide(result, unknownCodeAttempts - 1)).toMatchObject({ kind: 'deferred' })
    expect(decide(result, unknownCodeAttempts)).toEqual({ kind: 'parked', reason: 'unknown_code' })
  })

  it('not attempted: waits without using up an attempt', () => {
    expect(decide({ kind: 'notAttempted', delay: '1m', reason: 'advertiser_in_trouble' }, 2)).toEqual({
      kind: 'deferred',
      delay: '1m',
      reason: 'advertiser_in_trouble',
      attempted: false,
    })
  })

  it.each(['paused', 'reconnect', 'token_unreadable'] as const)('%s: parked', (reason) => {
    expect(decide({ kind: 'blocked', reason })).toEqual({ kind: 'parked', reason })
  })

  it('an unknown connection’s record may still arrive; then its signals are withheld', () => {
    expect(decide({ kind: 'connectionUnknown' }, 1)).toMatchObject({ kind: 'deferred', delay: '10s' })
    expect(decide({ kind: 'connectionUnknown' }, 3)).toEqual(delivered({ outcome: 'withheld', attempt: 3 }))
  })
})
