/** The little HTTP that the gateway needs: a bounded body, an answer, and a clear error. */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Answers with `{error: {code, message}}`; the message names the remedy and nothing of the request. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem'
  readonly status: number
  readonly code: string
  /** Methods that the address takes; with 405. */
  readonly allow: string | undefined
  constructor(status: number, code: string, message: string, allow?: string) {
    super(message)
    this.status = status
    this.code = code
    this.allow = allow
  }
}

/** What all senders together may have sent in part: slow ones must not fill the memory, each below the limit of one body. */
const maxPendingBytes = 256 * 1_048_576
let pendingBytes = 0

/**
 * @throws HttpProblem 413 before the rest is read; 400 when the sender breaks off or is cut off for being too slow; 415 for a
 * body that is compressed: what is signed are the bytes before
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
    let isOver = false
    const over = (settle: () => void) => {
      if (isOver) return
      isOver = true
      pendingBytes -= length
      settle()
    }
    const refuse = (problem: HttpProblem) =>
      over(() => {
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
        refuse(
          new HttpProblem(503, 'busy', 'too many bodies are on their way at once; nothing was stored, send it again'),
        )
    })
    const brokenOff = () => over(() => reject(new HttpProblem(400, 'aborted', 'the request was broken off')))
    request.once('end', () => over(() => resolve(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts))))
    request.once('error', brokenOff)
    request.once('close', () => {
      if (!request.complete) brokenOff()
    })
  })

/** How long the rest of a body that nobody wants is read away: closing at once would take the answer with it. */
const drainMs = 1_000

/** Ends a connection whose request was answered before it had come whole. */
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

/** Names the problem and its remedy. */
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

/** Names in lower case, several values joined as HTTP joins them. */
export const headersOf = (request: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )

/** Partners that can neither sign nor send a header of one's own are told an address with `?key=`; it counts as that header. */
export const withKey = (headers: Record<string, string>, url: URL): Record<string, string> => {
  const key = url.searchParams.get('key')
  return key === null || 'x-signals-key' in headers ? headers : { ...headers, 'x-signals-key': key }
}

/** `application/json; charset=utf-8` → `application/json`. */
export const mediaType = (contentType: string | undefined): string =>
  (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? ''

const traceparent = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/
/** The caller's W3C trace context; undefined where there is none that is well formed. */
export const traceOf = (headers: Readonly<Record<string, string>>): string | undefined =>
  traceparent.test(headers.traceparent ?? '') ? headers.traceparent : undefined
