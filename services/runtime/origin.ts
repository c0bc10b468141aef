/** What travels in record headers from the webhook to TikTok: when it came, its trace, and how often it was deferred. */
import type { ConsumedRecord, Headers } from './ports.ts'

export const headerNames = {
  receivedAt: 'received-at',
  traceparent: 'traceparent',
  attempt: 'attempt',
} as const

const hex = (value: number | bigint, digits: number) => value.toString(16).padStart(digits, '0').slice(-digits)

/** A trace id made of the record's place: a redelivery joins the same trace, and no randomness is spent. */
const traceOf = ({ partition, offset, timestamp }: ConsumedRecord) =>
  `00-${hex(timestamp, 12)}${hex(partition, 4)}${hex(offset, 16)}-${hex(offset + 1n, 16)}-01`

export const attemptOf = ({ headers }: ConsumedRecord): number => {
  const attempt = Number(headers[headerNames.attempt] ?? 1)
  return Number.isSafeInteger(attempt) && attempt > 0 ? attempt : 1
}

/** When the delivery was taken, ms: the gateway's note, else the broker's timestamp. */
export const receivedAtOf = ({ headers, timestamp }: ConsumedRecord): number => {
  const received = Number(headers[headerNames.receivedAt])
  return Number.isSafeInteger(received) && received > 0 ? received : timestamp
}

/** Headers for what a stage makes of a record. */
export const carried = (record: ConsumedRecord): Headers => ({
  [headerNames.receivedAt]: record.headers[headerNames.receivedAt] ?? String(record.timestamp),
  [headerNames.traceparent]: record.headers[headerNames.traceparent] ?? traceOf(record),
})
