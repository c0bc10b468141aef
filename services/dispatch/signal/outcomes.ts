/** Decides the outcome of a signal from the result of sending it. Pure: a table of cases. */

import { defer, deferUnattempted, drop, forward, type Outcome, park } from '../../runtime/batch/outcome.ts'
import type { Delivery, DeliveryOutcome, Signal } from '../../shared/model/topic-values.ts'
import type { Delay } from '../../topology.ts'
import type { SendResult } from './send-result.ts'

/** By attempt. The last wait repeats until the signal is too old to be sent. */
const waits: readonly Delay[] = ['10s', '1m', '5m', '30m', '2h']
export const waitAfter = (attempt: number): Delay => waits[Math.min(attempt, waits.length) - 1] as Delay

/** An unknown code may pass by itself within the waits of these attempts (36 minutes); then the signal waits for a person. */
export const unknownCodeAttempts = 5
/** The connections table lags behind the signals by seconds at most; a signal waits 10 s before each further attempt. */
const unknownConnectionAttempts = 3

const delivery = (
  signal: Signal,
  outcome: DeliveryOutcome,
  rest: Pick<Delivery, 'code' | 'requestId' | 'attempt' | 'sentAt' | 'settledAt' | 'test'>,
): Outcome => {
  const { signalId, connectionId, kind, occurredAt, flags, event, value, currency, origin, trackingId } = signal
  return forward({
    topic: 'deliveries',
    key: connectionId,
    value: {
      signalId,
      connectionId,
      kind,
      outcome,
      occurredAt,
      ...rest,
      flags,
      event,
      value,
      currency,
      origin,
      hasTrackingId: trackingId !== null,
    },
  })
}

/**
 * @param attempt of the record; 1 for the first time
 * @param now when the batch began, ms
 */
export const outcomeOf = (signal: Signal, attempt: number, result: SendResult, now: number): Outcome => {
  const unsent = { code: null, requestId: null, attempt, sentAt: null, settledAt: now, test: false }
  switch (result.kind) {
    case 'final': {
      const { outcome, code, requestId, attempt: sentWith, sentAt, at, isTest = false } = result
      return delivery(signal, outcome, { code, requestId, attempt: sentWith, sentAt, settledAt: at, test: isTest })
    }
    case 'recorded':
    case 'repeated':
      return drop(result.kind)
    case 'refused':
      return result.unknownCode && attempt >= unknownCodeAttempts
        ? park(result.reason)
        : defer(waitAfter(attempt), result.reason)
    case 'notAttempted':
      return deferUnattempted(result.delay, result.reason)
    case 'blocked':
      return park(result.reason)
    case 'connectionUnknown':
      return attempt < unknownConnectionAttempts
        ? defer('10s', 'connection_unknown')
        : delivery(signal, 'withheld', unsent)
    case 'withheld':
      return delivery(signal, 'withheld', unsent)
    case 'counted':
      return delivery(signal, 'counted', unsent)
    case 'expired':
      return delivery(signal, 'expired', unsent)
  }
}
