/** Authentication, body parsing and errors of the admin API. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Sent as `{error: {code, message}}`. The message names the remedy and contains no secret. */
export class AdminProblem extends Error {
  override readonly name = 'AdminProblem'
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest()

/** @throws AdminProblem 401, also when no token is configured: the API is never open */
export const requireAdmin = (authorization: string | undefined, token: string | undefined): void => {
  if (!token)
    throw new AdminProblem(401, 'no_token', 'ADMIN_TOKEN is not set at the console: set it, and send it as a bearer')
  const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1]
  if (given === undefined || !timingSafeEqual(digest(given), digest(token)))
    throw new AdminProblem(401, 'token_wrong', 'send `Authorization: Bearer` with the ADMIN_TOKEN of the console')
}

/** The author for the history, from the caller's `X-Actor` header. @throws AdminProblem 400 */
export const actorOf = (header: string | string[] | undefined): string => {
  if (header === undefined) return 'admin API'
  if (typeof header === 'string' && /^[\x20-\x7e]{1,64}$/.test(header)) return header
  throw new AdminProblem(400, 'actor', 'X-Actor must be 1 to 64 printable characters')
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
