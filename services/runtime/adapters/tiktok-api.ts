/** TikTok's API beside event reporting: rare calls, so `fetch` will do. Answers HTTP 200 with the outcome in `code`. */

export interface ApiCall {
  readonly query?: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, unknown>>
  readonly token?: string
}

/** Never throws for the world's faults; `failed` says why there is no answer of TikTok's. */
export type ApiResult =
  | { readonly kind: 'answered'; readonly code: number; readonly data: Readonly<Record<string, unknown>> }
  | { readonly kind: 'failed'; readonly reason: string }

export interface TikTokApi {
  /** @param path behind /open_api/v1.3/, with its trailing slash */
  call(method: 'GET' | 'POST', path: string, call: ApiCall): Promise<ApiResult>
}

const timeoutMs = 10_000

/** Ids above 2^53 keep the digits that stood there. */
const exact = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
    ? (context?.source ?? value)
    : value

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text, exact as never)
  } catch {
    return null
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

export const openTikTokApi = (baseUrl: string): TikTokApi => ({
  call: async (method, path, { query, body, token }) => {
    const url = new URL(`/open_api/v1.3/${path}`, baseUrl)
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value)
    try {
      const response = await fetch(url, {
        method,
        headers: {
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...(token === undefined ? {} : { 'access-token': token }),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(timeoutMs),
      })
      const answer = parse(await response.text())
      if (!isObject(answer) || typeof answer.code !== 'number')
        return { kind: 'failed', reason: `HTTP ${response.status} without an answer in JSON` }
      return { kind: 'answered', code: answer.code, data: isObject(answer.data) ? answer.data : {} }
    } catch (error) {
      // The message may quote the address, which may hold a secret in its query.
      const timedOut = error instanceof Error && error.name === 'TimeoutError'
      return { kind: 'failed', reason: timedOut ? 'no answer in time' : 'not reachable' }
    }
  },
})
