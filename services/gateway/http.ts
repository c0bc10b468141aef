/** HTTP helpers: bounded request bodies, answers, errors. */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Answered as `{error: {code, message}}`. The message names the remedy and quotes nothing of the request. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem'
  readonly status: number
  readonly code: string
  /** Methods that the address accepts; set with 405. */
  readonly allow: string | undefined
  constructor(status: number, code: string, message: string, allow?: string) {
    super(message)
    this.status = status
    this.code = code
    this.allow = allow
  }
}

/** Limit for the unfinished bodies of all requests together. Many slow senders, each below its own limit, would fill the memory. */
const maxPendingBytes = 256 * 1_048_576
let pendingBytes = 0

/**
 * @param limit bytes
 * @throws HttpProblem 413 before the rest is read; 400 when the connection ends early; 503 when unfinished bodies exceed the limit
 * of all requests; 415 for a compressed body. Sources sign the uncompressed bytes.
 */
export const readBody = (request: IncomingMessage, limit: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const tooLarge = () =>
      new HttpProblem(
        413,
        'too_large',
        `the body is larger than ${limit} bytes; raise MAX_BODY_BYTES if the source may send that much`,
      )
    const encoding = request.headers['content-encoding'] ?? 'identity'
    if (encoding !== 'identity')
      return reject(new HttpProblem(415, 'content_encoding', 'send the body as it is, without Content-Encoding'))
    if (Number(request.headers['content-length'] ?? 0) > limit) return reject(tooLarge())
    const parts: Buffer[] = []
    let length = 0
    let isDone = false
    const finish = (settle: () => void) => {
      if (isDone) return
      isDone = true
      pendingBytes -= length
      settle()
    }
    const refuse = (problem: HttpProblem) =>
      finish(() => {
        request.removeAllListeners('data')
        request.resume()
        reject(problem)
      })
    request.on('data', (part: Buffer) => {
      length += part.length
      pendingBytes += part.length
      parts.push(part)
      if (length > limit) refuse(tooLarge())
      else if (pendingBytes > maxPendingBytes)
        refuse(new HttpProblem(503, 'busy', 'too many requests are in progress; nothing was stored, send it again'))
    })
    const aborted = () =>
      finish(() => reject(new HttpProblem(400, 'aborted', 'the connection ended before the whole body had arrived')))
    request.once('end', () => finish(() => resolve(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts))))
    request.once('error', aborted)
    request.once('close', () => {
      if (!request.complete) aborted()
    })
  })

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

export const answerProblem = (request: IncomingMessage, response: ServerResponse, problem: HttpProblem) => {
  const { status, code, message, allow } = problem
  answerJson(
    response,
    status,
    { error: { code, message } },
    {
      ...(allow === undefined ? {} : { allow }),
      ...(status === 503 ? { 'retry-after': '5' } : {}),
      ...(request.complete ? {} : { connection: 'close' }),
    },
  )
  drain(request)
}

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
