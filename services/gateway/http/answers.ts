/** HTTP helpers: headers, answers, errors. */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Answered as `{error: {code, message}}`. The message names the remedy and quotes nothing of the request. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem'
  readonly status: number
  readonly code: string
  /** Methods that the address accepts; set with 405. */
  readonly allow: string | undefined
  /** When to try again, seconds; 503 has a default. */
  readonly retryAfter: number | undefined
  /** That the refused body names; the answer does not. */
  readonly accounts: readonly string[]
  constructor(
    status: number,
    code: string,
    message: string,
    {
      allow,
      retryAfter,
      accounts = [],
    }: { readonly allow?: string; readonly retryAfter?: number; readonly accounts?: readonly string[] } = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.allow = allow
    this.retryAfter = retryAfter
    this.accounts = accounts
  }
}

/** Time for a client to read the answer. Closing the connection at once would discard it. */
const drainMs = 1_000

/** Ends the connection of a request that was answered before its body was complete; reads and discards the rest until then. */
export const drain = (request: IncomingMessage): void => {
  if (request.complete) return
  request.resume()
  const timer = setTimeout(() => request.destroy(), drainMs)
  request.once('close', () => clearTimeout(timer))
}

export const answer = (
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
) => {
  const length = status === 204 ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }
  response.writeHead(status, { ...length, 'x-content-type-options': 'nosniff', ...headers })
  response.end(status === 204 ? undefined : body)
}

export const answerJson = (
  response: ServerResponse,
  status: number,
  value: unknown,
  headers?: Readonly<Record<string, string>>,
) => answer(response, status, 'application/json', JSON.stringify(value), headers)

const defaultRetrySeconds = 5

export const answerProblem = (request: IncomingMessage, response: ServerResponse, problem: HttpProblem) => {
  const { status, code, message, allow, retryAfter = status === 503 ? defaultRetrySeconds : undefined } = problem
  answerJson(
    response,
    status,
    { error: { code, message } },
    {
      ...(allow === undefined ? {} : { allow }),
      ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfter))) }),
      ...(request.complete ? {} : { connection: 'close' }),
    },
  )
  drain(request)
}

/** Address of the caller, or of the proxy in front of the gateway. */
export const senderOf = (request: IncomingMessage): string => request.socket.remoteAddress ?? ''

/** Names in lower case; repeated headers joined by `, `. */
export const headersOf = (request: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )

/** `?key=` in the address acts as the header `x-signals-key`, for partners that can neither sign nor send custom headers. */
export const withKey = (headers: Record<string, string>, url: URL): Record<string, string> => {
  const key = url.searchParams.get('key')
  return key === null || 'x-signals-key' in headers ? headers : { ...headers, 'x-signals-key': key }
}

/** `application/json; charset=utf-8` → `application/json`. */
export const mediaType = (contentType: string | undefined): string =>
  (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? ''

const traceparent = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/
/** The caller's W3C trace context; undefined where it is missing or malformed. */
export const traceOf = (headers: Readonly<Record<string, string>>): string | undefined =>
  traceparent.test(headers.traceparent ?? '') ? headers.traceparent : undefined
