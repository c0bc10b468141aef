/**
 * "May it be sent now?" This module alone answers. It is pure: callers read the state, ask here, and act on the answer.
 *
 * | question            | asked by           | when                                      | depends on                            |
 * | ------------------- | ------------------ | ----------------------------------------- | ------------------------------------- |
 * | `signalEligibility` | stage              | per signal, before the batch is sent      | status, token, consent, age           |
 * | `deliveryStart`     | DeliveryScheduler  | per connection and batch                  | breaker, an earlier detached delivery |
 * | `callEligibility`   | ConnectionDelivery | before each call, and again with its slot | the same, answers so far, deadline    |
 * | `limitTimeouts`     | ConnectionDelivery | before it asks the rate limiter           | mode, traffic class, usual call time  |
 * | `limitDecision`     | ConnectionDelivery | after the rate limiter's answer           | mode, traffic class, whose limit      |
 */
import { consentOf, receivedUnderConsent } from '../../shared/connections/consent.ts'
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'
import type { Signal } from '../../shared/model/topic-values.ts'
import type { Admission } from '../circuit-breaker/state-machine.ts'
import type { Passage } from '../limits/rate-limiter.ts'
import type { TrafficClass } from '../signal/priority.ts'
import type { SendResult } from '../signal/send-result.ts'
import type { Tokens } from './tokens.ts'

export type Eligibility =
  | { readonly eligible: true; readonly connection: ConnectionRecord; readonly token: string }
  | { readonly eligible: false; readonly result: SendResult }

const not = (result: SendResult): Eligibility => ({ eligible: false, result })
const notAttempted = (reason: string): SendResult => ({ kind: 'notAttempted', delay: '10s', reason })

const expired = not({ kind: 'expired' })
const counted = not({ kind: 'counted' })
export const withheld = not({ kind: 'withheld' })
/** Never reported: a delivery gets its deadline when its events have been reported as deferred. */
const tooLate = not(notAttempted('too_late'))

/**
 * A connection, by its record alone.
 * @param refused true when the destination refused this record's token and the connections table does not show it yet
 */
export const eligibilityOf = (
  connection: ConnectionRecord | undefined,
  tokens: Pick<Tokens, 'of'>,
  refused: (connection: ConnectionRecord) => boolean,
): Eligibility => {
  if (!connection) return not({ kind: 'connectionUnknown' })
  switch (connection.status) {
    case 'disconnected':
      return withheld
    case 'paused':
    case 'reconnect':
      return connection.sandbox && connection.status === 'reconnect'
        ? counted
        : not({ kind: 'blocked', reason: connection.status })
    case 'active': {
      if (connection.sandbox) return counted
      if (connection.accessToken === null || refused(connection)) return not({ kind: 'blocked', reason: 'reconnect' })
      const token = tokens.of(connection.connectionId, connection.accessToken)
      return token === null
        ? not({ kind: 'blocked', reason: 'token_unreadable' })
        : { eligible: true, connection, token }
    }
  }
}

/**
 * A signal is withheld once the consent it was made under has ended, even if the connection has a newer consent.
 * @param consent undefined: not recorded
 */
const underConsent = (connection: Eligibility, consent: string | undefined): Eligibility =>
  connection.eligible && consent !== undefined && consent !== consentOf(connection.connection) ? withheld : connection

/**
 * The consent that a signal was made under: by its header; without one, as older versions wrote signals, by the time of receipt.
 * Undefined: not known yet, since the connection cannot send.
 */
export const consentOfSignal = (
  header: string | undefined,
  receivedAt: number,
  connection: Eligibility | undefined,
): string | undefined => {
  if (header !== undefined || !connection?.eligible) return header
  return receivedUnderConsent({ receivedAt }, connection.connection) ? consentOf(connection.connection) : 'ended'
}

/**
 * Withholding is stronger than all else, and expiry than what waits for a person. A signal that is only counted waits for nothing: it needs
 * no token, and is as good at any age.
 */
export const signalEligibility = (
  connection: Eligibility,
  { occurredAt, countOnly }: Pick<Signal, 'occurredAt' | 'countOnly'>,
  consent: string | undefined,
  { now, expireMs }: { readonly now: number; readonly expireMs: number },
): Eligibility => {
  const eligibility = underConsent(connection, consent)
  const kind = eligibility.eligible ? null : eligibility.result.kind
  if (kind === 'counted') return counted
  if (countOnly) return kind === 'withheld' || kind === 'connectionUnknown' ? eligibility : counted
  return kind !== 'withheld' && now - occurredAt > expireMs ? expired : eligibility
}

/**
 * attached: send, and the batch waits. queued: defer the events, and send them detached after the earlier delivery. refused: defer them.
 * `result` is what to report for each event.
 */
export type DeliveryStart =
  | { readonly kind: 'attached' }
  | { readonly kind: 'queued' | 'refused'; readonly result: SendResult }

const attached: DeliveryStart = { kind: 'attached' }

/** @param hasDetached an earlier delivery of this connection is under way without its batch */
export const deliveryStart = (
  admission: Admission,
  trafficClass: TrafficClass,
  hasDetached: boolean,
): DeliveryStart => {
  if (admission.kind === 'notAttempted')
    return { kind: 'refused', result: { kind: 'notAttempted', delay: admission.delay, reason: 'breaker_open' } }
  // Other traffic classes delay no healthy connection, so they wait for a slow one.
  if (trafficClass === 'main' && (hasDetached || admission.kind === 'detached'))
    return { kind: 'queued', result: notAttempted('slow') }
  return attached
}

/** What a delivery knows when it asks for one of its calls. */
export interface DeliveryProgress {
  /** Set by an answer that ended the delivery. */
  readonly stopped: SendResult | null
  /** No call begins after this, ms; null while the batch waits. */
  readonly startBy: number | null
}

/** Consent and token can change between calls, and while a call waits for a limit or a slot. So ask before each call and after its wait. */
export const callEligibility = (
  connection: Eligibility,
  { stopped, startBy }: DeliveryProgress,
  consent: string | undefined,
  now: number,
): Eligibility => {
  if (stopped) return not(stopped)
  if (startBy !== null && now > startBy) return tooLate
  return underConsent(connection, consent)
}

/** All connections share the app's limit, so detaching from one call would not help the batch: it waits, ms. */
const appTimeoutMs = 30_000

/**
 * How long a call may wait for each limit, ms. The batch waits for one advertiser's limit as long as for a call, all of its calls together.
 * @param usualMs how long a batch waits for a call
 * @param limitedMs how long the batch has waited for this advertiser's limit so far
 */
export const limitTimeouts = (
  { startBy }: Pick<DeliveryProgress, 'startBy'>,
  trafficClass: TrafficClass,
  { usualMs, limitedMs, now }: { readonly usualMs: number; readonly limitedMs: number; readonly now: number },
): { readonly app: number; readonly advertiser: number } => {
  const attachedMs = trafficClass === 'main' ? usualMs - limitedMs : usualMs
  return { app: appTimeoutMs, advertiser: Math.max(0, startBy === null ? attachedMs : startBy - now) }
}

/** detach: let the batch go on and wait at the pace of the limit. A result ends the delivery. */
export const limitDecision = (
  passage: Passage,
  { startBy }: Pick<DeliveryProgress, 'startBy'>,
  trafficClass: TrafficClass,
): 'send' | 'detach' | SendResult => {
  if (passage === 'passed') return 'send'
  if (passage === 'advertiser' && trafficClass === 'main' && startBy === null) return 'detach'
  return notAttempted(`limit_${passage}`)
}
