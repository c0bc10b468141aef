/** Body parsing and errors of the admin API. */
import type { IncomingMessage } from 'node:http'

/** Sent as `{error: {code, message}}`. The message names the remedy and contains no secret. */
export class AdminProblem extends Error {
  override readonly name = 'AdminProblem'
  readonly status: number
  readonly code: string
  /** When to try again, seconds. */
  readonly retryAfter: number | undefined
  constructor(status: number, code: string, message: string, retryAfter?: number) {
    super(message)
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
  }
}

const maxBodyBytes = 262_144

/** Replaces the parser's message, which could quote a token. @throws AdminProblem 400, 413 */
export const readJson = async (request: IncomingMessage): Promise<unknown> => {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > maxBodyBytes) throw new AdminProblem(413, 'too_large', `the body is larger than ${maxBodyBytes} bytes`)
    parts.push(part)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString())
  } catch {
    throw new AdminProblem(400, 'not_json', 'the body must be JSON')
  }
}
