/** The record headers that stages read and write: time of receipt, trace context, number of attempts, and redrives. */
import { channelEventHeaders } from '../../shared/model/channel-event.ts'
import type { ConsumedRecord, Headers } from '../ports.ts'
import type { Input } from './stage.ts'

export const headerNames = {
  receivedAt: channelEventHeaders.receivedAt,
  traceparent: channelEventHeaders.traceparent,
  /** On a signal: the consent under which it was made, as `consentOf` names it. */
  consent: 'consent',
  /** On a signal: the mark that its conversation would have in `suppressions.v1`. */
  suppressionMark: 'suppression-mark',
  /** How often the record has been attempted; 1 or absent for the first time. */
  attempt: 'attempt',
  /** On a message: an event that was written before it may be read after it. */
  unordered: 'unordered',
  /** On a redriven record: the position of its dead letter, and the number of redrives so far. */
  redriveOf: 'redrive-of',
  redrives: 'redrives',
} as const

export const attemptOf = ({ headers }: ConsumedRecord): number => {
  const attempt = Number(headers[headerNames.attempt] ?? 1)
  return Number.isSafeInteger(attempt) && attempt > 0 ? attempt : 1
}

/**
 * When the pipeline received it, ms: the header, as the gateway writes it and a redrive keeps it, but never later than the broker's
 * timestamp. Consent is judged by this time, and a connector may write any header.
 */
export const receivedAtOf = ({ headers, timestamp }: Pick<ConsumedRecord, 'headers' | 'timestamp'>): number => {
  const received = Number(headers[headerNames.receivedAt])
  return Number.isSafeInteger(received) && received > 0 && received < timestamp ? received : timestamp
}

const none: Headers = {}

/** Number of redrives of this record; 0 for one that was never a dead letter. */
export const redrivesOf = ({ headers }: { readonly headers: Headers }): number => {
  const redrives = Number(headers[headerNames.redrives] ?? 0)
  return Number.isSafeInteger(redrives) && redrives > 0 ? redrives : 0
}

/** `topic/partition/offset`. A connector may write any header, so only a value of this form is passed on unsealed. */
const position = /^[a-z0-9.-]{1,249}\/\d{1,6}\/\d{1,19}$/

/** Headers for a dead letter of a redriven record: they show that it failed before. */
export const redriveHeaders = (record: ConsumedRecord): Headers => {
  const redriveOf = record.headers[headerNames.redriveOf]
  const redrives = redrivesOf(record)
  return redrives > 0 && redriveOf !== undefined && position.test(redriveOf)
    ? { [headerNames.redriveOf]: redriveOf, [headerNames.redrives]: String(redrives) }
    : none
}

/** Headers for the records that a stage makes from an input. A header costs about 2 µs a hop, so they repeat nothing of the value. */
export const traceHeaders = (input: Pick<Input<unknown>, 'record' | 'traceparent'>): Headers => {
  const traceparent = input.traceparent ?? input.record.headers.traceparent
  return traceparent === undefined ? none : { traceparent }
}
