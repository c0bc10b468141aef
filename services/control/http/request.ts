/** Reads parts of a request. What a client may send wrong is a problem with a status, never an error of the process. */
import type { IncomingMessage } from 'node:http'
import { ControlProblem } from './answer.ts'

const maxBodyBytes = 262_144

/** The request's path and query. @throws ControlProblem 400 for a target that is no path */
export const urlOf = ({ url = '/' }: Pick<IncomingMessage, 'url'>): URL => {
  // Joined, not resolved: `//host` would name another host.
  const text = `http://console${url}`
  if (!url.startsWith('/') || !URL.canParse(text)) throw new ControlProblem(400, 'path', 'the path cannot be read')
  return new URL(text)
}

/** @throws ControlProblem 413 */
export const readText = async (request: IncomingMessage, maxBytes = maxBodyBytes): Promise<string> => {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > maxBytes) throw new ControlProblem(413, 'too_large', `the body is larger than ${maxBytes} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

/** Replaces the parser's message, which could quote a token. @throws ControlProblem 400, 413 */
export const readJson = async (request: IncomingMessage, maxBytes = maxBodyBytes): Promise<unknown> => {
  const text = await readText(request, maxBytes)
  try {
    return JSON.parse(text)
  } catch {
    throw new ControlProblem(400, 'not_json', 'the body must be JSON')
  }
}

/** null: the request has no bearer token. */
export const bearerOf = ({ headers }: Pick<IncomingMessage, 'headers'>): string | null =>
  headers.authorization === undefined ? null : (/^Bearer (.+)$/i.exec(headers.authorization)?.[1] ?? '')

/** The first cookie of the name. */
export const cookieOf = (request: Pick<IncomingMessage, 'headers'>, name: string): string | undefined => {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=')
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim()
  }
  return undefined
}

/**
 * Whether a browser sends the request from a page of this listener. A browser names the page's site; other clients name none.
 * Browsers without `sec-fetch-site` send `origin` with every form.
 */
export const isFromOwnPage = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean => {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const { origin } = headers
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === headers.host)
}
