/** Pure checks of a call, as far as TikTok's refusals are documented. The first problem is the answer. */
import { isCurrency } from '../../shared/model/outcomes/currencies.ts'

export interface ApiRefusal {
  readonly code: number
  readonly message: string
}

export interface TrackedEvent {
  readonly event: string
  readonly event_id?: string
  readonly event_time: number
  readonly [field: string]: unknown
}
export interface TrackCall {
  readonly eventSource: string
  readonly eventSourceId: string
  /** null: the events count. */
  readonly testEventCode: string | null
  readonly events: readonly TrackedEvent[]
}

export const maxEvents = 1_000
/** Allowed clock difference. */
const maxAheadSeconds = 300
const tenDigits = 10_000_000_000

/** `message` is this project's own name: TikTok documents no source for message events. */
const eventSources = new Set(['web', 'app', 'offline', 'crm', 'message'])

const refuse = (code: number, message: string): ApiRefusal => ({ code, message })
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const hashed = /^[0-9a-f]{64}$/

const userProblem = (user: Record<string, unknown>): ApiRefusal | null => {
  for (const field of ['email', 'phone', 'external_id']) {
    const given = user[field]
    const values = given === undefined ? [] : Array.isArray(given) ? given : [given]
    for (const value of values) {
      if (typeof value !== 'string') return refuse(40002, `user.${field}: Not a valid string.`)
      if (!hashed.test(value)) return refuse(40062, `user.${field}: must be hashed with SHA-256.`)
    }
  }
  return user.ttclid !== undefined && !isText(user.ttclid) ? refuse(40002, 'user.ttclid: Not a valid string.') : null
}

/** As of orders: a value is a number, a currency one of ISO 4217. */
const amountProblem = ({ value, currency }: Record<string, unknown>): ApiRefusal | null => {
  if (value !== undefined && typeof value !== 'number') return refuse(40002, 'properties.value: Not a valid number.')
  if (currency !== undefined && !(isText(currency) && isCurrency(currency))) {
    return refuse(40002, 'properties.currency: Must be one of the codes of ISO 4217.')
  }
  return null
}

const timeProblem = (time: unknown, nowSeconds: number): ApiRefusal | null => {
  if (time === undefined) return refuse(40002, 'event_time: Missing data for required field.')
  if (typeof time !== 'number' || !Number.isInteger(time) || time <= 0) {
    return refuse(40002, 'event_time: Not a valid integer.')
  }
  if (time > tenDigits) return refuse(40002, 'event_time: must be in seconds, looks like milliseconds.')
  return time > nowSeconds + maxAheadSeconds ? refuse(40002, 'event_time: lies in the future.') : null
}

const eventProblem = (event: unknown, source: string, nowSeconds: number): ApiRefusal | null => {
  if (!isObject(event)) return refuse(40002, 'Not a valid object.')
  if (!isText(event.event)) return refuse(40002, 'event: Missing data for required field.')
  if (event.event_id !== undefined && !isText(event.event_id)) {
    return refuse(40002, 'Invalid value for event_id: not a valid string.')
  }
  const time = timeProblem(event.event_time, nowSeconds)
  if (time) return time
  for (const field of ['user', 'properties', 'page', 'app', 'ad', 'lead']) {
    if (event[field] !== undefined && !isObject(event[field])) return refuse(40002, `${field}: Not a valid object.`)
  }
  if (source === 'web' && !(isObject(event.page) && isText(event.page.url))) {
    return refuse(40002, 'page.url: Missing data for required field.')
  }
  if (source === 'crm' && !(isObject(event.lead) && isText(event.lead.lead_id))) {
    return refuse(40002, 'lead.lead_id: Missing data for required field.')
  }
  const amount = isObject(event.properties) ? amountProblem(event.properties) : null
  if (amount) return amount
  return isObject(event.user) ? userProblem(event.user) : null
}

/** @param body parsed JSON; undefined for invalid JSON */
export const check = (body: unknown, nowSeconds: number): TrackCall | ApiRefusal => {
  if (!isObject(body)) return refuse(40002, 'The request body is not a valid JSON object.')
  const { event_source: source, event_source_id: id, test_event_code: testCode, data } = body
  if (!isText(source)) return refuse(40002, 'event_source: Missing data for required field.')
  if (!eventSources.has(source)) return refuse(40002, 'event_source: Must be one of: web, app, offline, crm, message.')
  if (!isText(id)) return refuse(40002, 'event_source_id: Missing data for required field.')
  if (testCode !== undefined && !isText(testCode)) return refuse(40002, 'test_event_code: Not a valid string.')
  if (!Array.isArray(data) || data.length === 0) return refuse(40002, 'data: Missing data for required field.')
  if (data.length > maxEvents) return refuse(40061, `Invalid batch size: at most ${maxEvents} events a request.`)
  for (const [index, event] of data.entries()) {
    const problem = eventProblem(event, source, nowSeconds)
    if (problem) return refuse(problem.code, `Batch.${index}.${problem.message}`)
  }
  return { eventSource: source, eventSourceId: id, testEventCode: testCode ?? null, events: data as TrackedEvent[] }
}
