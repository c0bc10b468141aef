/** Reads one answer of TikTok: what it means for the call, before anybody asks what to do with its events. */
import { type Verdict, verdictOf } from './codes.ts'

/** What came back over HTTP, or why nothing did. */
export type Answer =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  | { readonly kind: 'failed'; readonly reason: TransportFailure }
export type TransportFailure = 'timeout' | 'reset' | 'unreachable' | 'too_long'

export interface Judgement {
  readonly verdict: Verdict
  /** null: no answer in TikTok's form. */
  readonly code: number | null
  readonly requestId: string | null
  /** For metrics and the deferred record: a closed set, never text of the answer. */
  readonly reason: string
  /** Places in the call that the message names as culprits (`Batch.<i>`): a hint, verified before it is believed. */
  readonly hints: readonly number[]
}

const without = (verdict: Verdict, reason: string): Judgement => ({
  verdict,
  code: null,
  requestId: null,
  reason,
  hints: [],
})

const parsed = (body: string): { code?: unknown; request_id?: unknown; message?: unknown } | null => {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : null
  } catch {
    // No JSON (an HTML page of a proxy, a cut body) is an answer of the world between us and TikTok.
    return null
  }
}

const hinted = /\bBatch\.(\d+)/gi
const hintsOf = (message: unknown): number[] =>
  typeof message === 'string' ? [...new Set(Array.from(message.matchAll(hinted), ([, index]) => Number(index)))] : []

const hinting: ReadonlySet<Verdict> = new Set(['bad_event', 'partial'])

export const judge = (answer: Answer): Judgement => {
  if (answer.kind === 'failed') return without('service', answer.reason)
  const { status, body } = answer
  const content = parsed(body)
  const code = content?.code
  // A gateway's 5xx may carry any body, even one that looks like success: TikTok has not spoken.
  if (status >= 500) return without('service', 'http_5xx')
  if (typeof code !== 'number' || !Number.isSafeInteger(code)) {
    if (status === 429) return without('throttled', 'http_429')
    if (status === 413) return without('too_many', 'http_413')
    return without('service', content ? 'no_code' : 'no_json')
  }
  const verdict = verdictOf(code)
  const requestId = typeof content?.request_id === 'string' ? content.request_id : null
  return { verdict, code, requestId, reason: verdict, hints: hinting.has(verdict) ? hintsOf(content?.message) : [] }
}
