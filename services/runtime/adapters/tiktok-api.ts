/** Client of TikTok's API, except event reporting. Calls are rare, so `fetch` is fast enough. TikTok answers HTTP 200 and puts the result in `code`. */

export interface ApiCall {
  readonly query?: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, unknown>>
  readonly token?: string
}

/** Network failures are results, not exceptions; `failed` says why TikTok did not answer. */
export type ApiResult =
  | { readonly kind: 'answered'; readonly code: number; readonly data: Readonly<Record<string, unknown>> }
  | { readonly kind: 'failed'; readonly reason: string }

export interface TikTokApi {
  /** @param path after /open_api/v1.3/, with its trailing slash */
  call(method: 'GET' | 'POST', path: string, call: ApiCall): Promise<ApiResult>
}

const timeoutMs = 10_000

/** Keeps ids above 2^53 as text, so that no digit is lost. */
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
        // A redirect would carry the token and the app's secret to another address.
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
      const answer = parse(await response.text())
      if (!isObject(answer) || typeof answer.code !== 'number')
        return { kind: 'failed', reason: `HTTP ${response.status} without an answer in JSON` }
      return { kind: 'answered', code: answer.code, data: isObject(answer.data) ? answer.data : {} }
    } catch (error) {
      // The message may quote the URL, whose query may contain a secret.
      const timedOut = error instanceof Error && error.name === 'TimeoutError'
      return { kind: 'failed', reason: timedOut ? 'no answer in time' : 'not reachable' }
    }
  },
})
