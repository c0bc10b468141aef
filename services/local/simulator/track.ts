/** The track endpoint: maps a call to an answer. The server does the IO and the delays. */
import { check, type TrackCall } from './check.ts'
import type { Fault, Faults } from './faults.ts'
import type { Store } from './store.ts'

export type TrackAnswer =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly type: string
      readonly body: string
      readonly afterMs: number
      readonly location?: string
    }
  | { readonly kind: 'silence' | 'reset'; readonly afterMs: number }

export interface SimulatorState {
  readonly store: Store
  readonly faults: Faults
  /** Registered tokens; empty: every token is accepted. */
  readonly tokens: Set<string>
  /** Revoked tokens. */
  readonly revoked?: ReadonlySet<string>
  now(): number
}

let requests = 0
/** In the format of TikTok's ids: time and a running number. */
const newRequestId = (now: number) =>
  `${new Date(now).toISOString().replace(/\D/g, '')}${String(++requests).padStart(12, '0')}`

const json = (code: number, message: string, requestId: string, afterMs: number, status = 200): TrackAnswer => ({
  kind: 'answer',
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify({ code, message, request_id: requestId, data: {} }),
  afterMs,
})

const html = (status: number) => `<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>`

/** An answer of a proxy between TikTok and its caller: not TikTok's JSON. */
const proxyAnswer = (
  { status = 200, html: isPage, body, bytes = 0, location }: Fault,
  afterMs: number,
): TrackAnswer => ({
  kind: 'answer',
  status: location === undefined ? status : 302,
  type: body === undefined || isPage ? 'text/html' : 'application/json; charset=utf-8',
  body: (body ?? html(status)).padEnd(bytes, ' '),
  afterMs,
  ...(location === undefined ? {} : { location }),
})

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Event ids of an unchecked body; '' for an event without a valid id. */
const idsOf = (body: unknown): string[] => {
  const data = (body as { data?: unknown } | null | undefined)?.data
  if (!Array.isArray(data)) return []
  return data.map((event) => {
    const id = (event as { event_id?: unknown } | null)?.event_id
    return typeof id === 'string' ? id : ''
  })
}

const hintFor = (fault: Fault, ids: readonly string[]) => {
  const named = fault.hint ? fault.eventIds : fault.partial?.hint ? fault.partial.eventIds : undefined
  const indexes = ids.flatMap((id, index) => (named?.includes(id) ? [index] : []))
  return indexes.map((index) => `Batch.${index}.properties: Not valid. `).join('')
}

/** @param token value of the Access-Token header; undefined: no header */
export const track = (text: string, token: string | undefined, state: SimulatorState): TrackAnswer => {
  const { store, faults, tokens } = state
  const now = state.now()
  const requestId = newRequestId(now)
  const body = parse(text)
  const sourceId = (body as { event_source_id?: unknown } | null | undefined)?.event_source_id
  const eventSourceId = typeof sourceId === 'string' ? sourceId : null
  const ids = idsOf(body)
  const call = { token: token ?? '', eventSourceId, eventIds: ids, events: ids.length }

  const fault = faults.take({ token: call.token, eventSourceId, eventIds: new Set(ids), events: ids.length })
  const afterMs = fault?.slowMs ?? 0
  const answer = (code: number, message: string, status = 200) => {
    store.answered(call, String(code), requestId, now)
    return json(code, message, requestId, afterMs, status)
  }
  const checked = check(body, Math.floor(now / 1000))
  const takeAll = (valid: TrackCall, events = valid.events) => store.take(valid, events, call.token, requestId, now)
  const isValid = (value: typeof checked): value is TrackCall => 'events' in value

  if (fault) {
    if (fault.taken && isValid(checked)) takeAll(checked)
    if (fault.timeout || fault.reset) {
      const kind = fault.reset ? 'reset' : 'silence'
      store.answered(call, kind, null, now)
      return { kind, afterMs }
    }
    if (fault.code !== undefined) {
      const message = `${hintFor(fault, ids)}${fault.message ?? (fault.code === 0 ? 'OK' : 'simulated')}`
      if (fault.code === 0 && !fault.taken && isValid(checked)) takeAll(checked)
      return answer(fault.code, message, fault.status ?? 200)
    }
    if (fault.html || [fault.status, fault.body, fault.bytes, fault.location].some((given) => given !== undefined)) {
      store.answered(call, `http ${fault.location === undefined ? (fault.status ?? 200) : 302}`, null, now)
      return proxyAnswer(fault, afterMs)
    }
  }

  if (token === undefined || token === '') return answer(40104, 'Access token is empty')
  if (state.revoked?.has(token) || (tokens.size > 0 && !tokens.has(token)))
    return answer(40105, 'Access token is incorrect or has been revoked.')
  if (!isValid(checked)) return answer(checked.code, checked.message)

  if (fault?.partial) {
    const { places, eventIds } = fault.partial
    const failed = (id: string | undefined, index: number) => places.includes(index) || eventIds.includes(id ?? '')
    const good = checked.events.filter(({ event_id }, index) => !failed(event_id, index))
    takeAll(checked, good)
    return good.length === checked.events.length
      ? answer(0, 'OK')
      : answer(20001, `${hintFor(fault, ids)}Partial success`)
  }
  if (fault?.duplicates && checked.events.every((event) => store.isKnown(checked, event, now))) {
    takeAll(checked)
    return answer(40050, 'Duplicated requests')
  }
  if (!fault?.taken) takeAll(checked)
  return answer(0, 'OK')
}
