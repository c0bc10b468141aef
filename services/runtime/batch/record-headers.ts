/** What travels in record headers from the webhook to TikTok: when it came, its trace, and how often it was deferred. */
import { channelEventHeaders } from '../../shared/model/channel-event.ts'
import type { ConsumedRecord, Headers } from '../ports.ts'
import type { Input } from './stage.ts'

export const headerNames = {
  receivedAt: channelEventHeaders.receivedAt,
  traceparent: channelEventHeaders.traceparent,
  /** On a signal: under which consent it was made, as `consentOf` names it. */
  consent: 'consent',
  attempt: 'attempt',
  /** On a record that was put back from the dead letters: which one it was, and how often by now. */
  redriveOf: 'redrive-of',
  redrives: 'redrives',
} as const

export const attemptOf = ({ headers }: ConsumedRecord): number => {
  const attempt = Number(headers[headerNames.attempt] ?? 1)
  return Number.isSafeInteger(attempt) && attempt > 0 ? attempt : 1
}

/** When the delivery was taken, ms: the gateway's note, else the broker's timestamp. */
export const receivedAtOf = ({ headers, timestamp }: ConsumedRecord): number => {
  const received = Number(headers[headerNames.receivedAt])
  return Number.isSafeInteger(received) && received > 0 ? received : timestamp
}

const none: Headers = {}

/** How often the record was put back from the dead letters; 0 for one that never was there. */
export const redrivesOf = ({ headers }: { readonly headers: Headers }): number => {
  const redrives = Number(headers[headerNames.redrives] ?? 0)
  return Number.isSafeInteger(redrives) && redrives > 0 ? redrives : 0
}

/** A connector may write any header: only what is a place of ours is passed on in the clear. */
const place = /^[a-z0-9.-]{1,249}\/\d{1,6}\/\d{1,19}$/

/** A dead letter of a record that was put back says so: its failure is a second one. */
export const redriveMarks = (record: ConsumedRecord): Headers => {
  const redriveOf = record.headers[headerNames.redriveOf]
  const redrives = redrivesOf(record)
  return redrives > 0 && redriveOf !== undefined && place.test(redriveOf)
    ? { [headerNames.redriveOf]: redriveOf, [headerNames.redrives]: String(redrives) }
    : none
}

/** Headers for what a stage makes of a record. Each costs about 2 µs a hop: what the value says already is not said again. */
export const carried = (input: Pick<Input<unknown>, 'record' | 'traceparent'>): Headers => {
  const traceparent = input.traceparent ?? input.record.headers.traceparent
  return traceparent === undefined ? none : { traceparent }
}
