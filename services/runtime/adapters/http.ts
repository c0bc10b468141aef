/**
 * HTTP client for small JSON posts to one host: `node:http` over a keep-alive agent costs about 60 µs a call where `fetch` costs 400.
 */
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'

export interface HttpPost {
  readonly headers: Readonly<Record<string, string>>
  /** UTF-8 */
  readonly body: string
  /** For everything: connecting, sending, the last byte of the answer. */
  readonly timeoutMs: number
}

/** Answered, whatever the status; or why there is no answer. Never throws for the world's faults. */
export type HttpResult =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  | { readonly kind: 'failed'; readonly reason: 'timeout' | 'reset' | 'unreachable' | 'too_long' }

export interface HttpClient {
  post(post: HttpPost): Promise<HttpResult>
  close(): void
}

/** An answer is some hundred bytes; more than this is not from whom we asked. */
const longestAnswer = 1_048_576
const connecting = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'])

class TooLong extends Error {}

const failure = (error: unknown, timedOut: boolean): HttpResult => {
  if (timedOut) return { kind: 'failed', reason: 'timeout' }
  if (error instanceof TooLong) return { kind: 'failed', reason: 'too_long' }
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return { kind: 'failed', reason: connecting.has(code) ? 'unreachable' : 'reset' }
}

const read = (response: IncomingMessage, done: (result: HttpResult) => void, fail: (error: unknown) => void) => {
  const chunks: Buffer[] = []
  let length = 0
  response.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= longestAnswer) {
      chunks.push(chunk)
      return
    }
    // Told first: destroying makes events of its own.
    fail(new TooLong())
    response.destroy()
  })
  response.on('end', () => {
    const body = (chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)).toString('utf8')
    done({ kind: 'answered', status: response.statusCode ?? 0, body })
  })
  response.on('error', fail)
  // A connection that closes in the middle of a body ends with `aborted`, not with an error on every version.
  response.on('aborted', () => fail(new Error('aborted')))
}

/** @param url of the one address that is posted to */
export const openHttp = (url: string, { sockets = 256 }: { sockets?: number } = {}): HttpClient => {
  const { protocol, hostname, port, pathname } = new URL(url)
  const secure = protocol === 'https:'
  const options = { keepAlive: true, maxSockets: sockets, maxFreeSockets: 64, scheduling: 'lifo' as const }
  const agent = secure ? new HttpsAgent(options) : new HttpAgent(options)
  const target = {
    method: 'POST',
    // URL keeps the brackets of an IPv6 address, the socket wants none.
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: port || (secure ? 443 : 80),
    path: pathname,
    agent,
  }
  const open = (headers: HttpPost['headers']): ClientRequest => {
    const settings = { ...target, headers }
    return secure ? requestHttps(settings) : requestHttp(settings)
  }

  const attempt = (bytes: Buffer, { headers, timeoutMs }: HttpPost, again: boolean): Promise<HttpResult> =>
    new Promise((resolve) => {
      const started = performance.now()
      const request = open({ ...headers, 'content-length': String(bytes.length) })
      let timedOut = false
      let answered = false
      const timer = setTimeout(() => {
        timedOut = true
        request.destroy()
      }, timeoutMs)
      const settle = (result: HttpResult) => {
        clearTimeout(timer)
        resolve(result)
      }
      const fail = (error: unknown) => {
        const result = failure(error, timedOut)
        // A server may close an idle connection just as we write to it: that says nothing about the call.
        const stale =
          !again && !answered && request.reusedSocket && result.kind === 'failed' && result.reason === 'reset'
        if (!stale) return settle(result)
        clearTimeout(timer)
        const left = timeoutMs - (performance.now() - started)
        resolve(attempt(bytes, { headers, body: '', timeoutMs: Math.max(1, left) }, true))
      }
      request.on('response', (response) => {
        answered = true
        read(response, settle, fail)
      })
      request.on('error', fail)
      request.end(bytes)
    })

  return {
    post: (post) => attempt(Buffer.from(post.body), post, false),
    close: () => agent.destroy(),
  }
}
