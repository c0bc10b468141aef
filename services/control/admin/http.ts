/** The little HTTP that the admin API needs. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Answered as `{error: {code, message}}`; the message names the remedy and no secret. */
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

/** @throws AdminProblem 401: never open, also where no token is set */
export const requireAdmin = (authorization: string | undefined, token: string | undefined): void => {
  if (!token)
    throw new AdminProblem(401, 'no_token', 'ADMIN_TOKEN is not set at the console: set it, and send it as a bearer')
  const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1]
  if (given === undefined || !timingSafeEqual(digest(given), digest(token)))
    throw new AdminProblem(401, 'token_wrong', 'send `Authorization: Bearer` with the ADMIN_TOKEN of the console')
}

/** Who acts, as the caller says. @throws AdminProblem 400 */
export const actorOf = (header: string | string[] | undefined): string => {
  if (header === undefined) return 'admin API'
  if (typeof header === 'string' && /^[\x20-\x7e]{1,64}$/.test(header)) return header
  throw new AdminProblem(400, 'actor', 'X-Actor must be 1 to 64 printable characters')
}

const longestBody = 262_144

/** @throws AdminProblem 400, 413; the parser's message could quote a token */
export const readJson = async (request: IncomingMessage): Promise<unknown> => {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > longestBody) throw new AdminProblem(413, 'too_large', `the body is larger than ${longestBody} bytes`)
    parts.push(part)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString())
  } catch {
    throw new AdminProblem(400, 'not_json', 'the body must be JSON')
  }
}
