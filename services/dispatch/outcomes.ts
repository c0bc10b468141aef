/** What becomes of a signal, given what was found out about it. Pure: a table of cases. */

import { defer, deferUnattempted, drop, forward, type Outcome, park } from '../runtime/batch/outcome.ts'
import type { Delivery, DeliveryOutcome, Signal } from '../shared/model/topic-values.ts'
import type { Delay } from '../topology.ts'
import type { SendResult } from './send-result.ts'

/** A refused signal waits longer each time and the last of these over and over, until it is too old to be sent. */
const waits: readonly Delay[] = ['10s', '1m', '5m', '30m', '2h']
export const waitAfter = (attempt: number): Delay => waits[Math.min(attempt, waits.length) - 1] as Delay

/** A code that nobody knows may pass by itself (36 minutes in all); then a person has to look. */
export const unknownCodeAttempts = 5
/** The connections table may lag behind the signals by seconds, not by more. */
const unknownConnectionAttempts = 3

const delivery = (
  signal: Signal,
  outcome: DeliveryOutcome,
  rest: Pick<Delivery, 'code' | 'requestId' | 'attempt' | 'sentAt' | 'settledAt'>,
): Outcome => {
  const { signalId, connectionId, kind, occurredAt } = signal
  return forward({
    topic: 'deliveries',
    key: connectionId,
    value: { signalId, connectionId, kind, outcome, occurredAt, ...rest },
  })
}

/**
 * @param attempt of the record that is judged; 1 for its first time
 * @param now when the batch began, ms
 */
export const outcomeOf = (signal: Signal, attempt: number, finding: SendResult, now: number): Outcome => {
  const unsent = { code: null, requestId: null, attempt, sentAt: null, settledAt: now }
  switch (finding.kind) {
    case 'settled': {
      const { outcome, code, requestId, attempt: sentWith, sentAt, at } = finding
      return delivery(signal, outcome, { code, requestId, attempt: sentWith, sentAt, settledAt: at })
    }
    case 'recorded':
    case 'repeated':
      return drop(finding.kind)
    case 'refused':
      return finding.unknownCode && attempt >= unknownCodeAttempts
        ? park(finding.reason)
        : defer(waitAfter(attempt), finding.reason)
    case 'held':
      return deferUnattempted(finding.delay, finding.reason)
    case 'standstill':
      return park(finding.reason)
    case 'connectionUnknown':
      return attempt < unknownConnectionAttempts
        ? defer('10s', 'connection_unknown')
        : delivery(signal, 'withheld', unsent)
    case 'withheld':
      return delivery(signal, 'withheld', unsent)
    case 'expired':
      return delivery(signal, 'expired', unsent)
  }
}
