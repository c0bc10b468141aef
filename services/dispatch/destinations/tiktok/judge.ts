/** Reads one answer of TikTok: what it means for the call as a whole. */
import type { Answer, Judgement, LimitScope, Verdict } from '../destination.ts'
import { entryOf } from './codes.ts'

const codeless = (verdict: Verdict, reason: string, limit?: LimitScope): Judgement => ({
  verdict,
  code: null,
  requestId: null,
  reason,
  hints: [],
  ...(limit ? { limit } : {}),
})

const parsed = (body: string): { code?: unknown; request_id?: unknown; message?: unknown } | null => {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : null
  } catch {
    // A proxy between us and TikTok answers with HTML or a cut body: that says nothing about the call.
    return null
  }
}

const hinted = /\bBatch\.(\d+)/gi
const hintsOf = (message: unknown): number[] =>
  typeof message === 'string' ? [...new Set(Array.from(message.matchAll(hinted), ([, index]) => Number(index)))] : []

const hinting: ReadonlySet<Verdict> = new Set(['bad_event', 'partial'])

export const judge = (answer: Answer): Judgement => {
  if (answer.kind === 'failed') return codeless('service', answer.reason)
  const { status, body } = answer
  const content = parsed(body)
  const code = content?.code
  // A gateway's 5xx may carry any body, even a success: TikTok itself has not answered.
  if (status >= 500) return codeless('service', 'http_5xx')
  if (typeof code !== 'number' || !Number.isSafeInteger(code)) {
    if (status === 429) return codeless('throttled', 'http_429', 'app')
    if (status === 413) return codeless('too_many', 'http_413')
    return codeless('service', content ? 'no_code' : 'no_json')
  }
  const { verdict, limit } = entryOf(code)
  const requestId = typeof content?.request_id === 'string' ? content.request_id : null
  const hints = hinting.has(verdict) ? hintsOf(content?.message) : []
  const judgement = { verdict, code, requestId, reason: verdict, hints }
  return verdict === 'throttled' ? { ...judgement, limit: limit ?? 'advertiser' } : judgement
}
