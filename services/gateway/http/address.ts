/** Parses the request path. Malformed paths get a helpful error, because people type these addresses. */
import { HttpProblem } from './answers.ts'

export type Address =
  | { readonly kind: 'webhook'; readonly source: string; readonly account: string | null; readonly url: URL }
  | { readonly kind: 'message-events' }
  | { readonly kind: 'look-up' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'openapi' }

export const lookUpAddress = '/v1/attribution/look-up'
const webhookPath = /^\/webhooks\/([^/]+)(?:\/([^/]+))?\/?$/
/** Characters; the limit of a message event's `accountId`. */
const maxAccountLength = 256

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new HttpProblem(404, 'path', 'the address is not percent-encoded UTF-8')
  }
}

const accountIn = (part: string | undefined): string | null => {
  if (part === undefined) return null
  const account = decoded(part)
  // The account becomes a record header and an id: no control characters, no surrounding white space.
  if (account.length > maxAccountLength || account !== account.trim() || /\p{C}/u.test(account))
    throw new HttpProblem(
      404,
      'account',
      `the account in the address must be an id of at most ${maxAccountLength} characters`,
    )
  return account
}

/** @throws HttpProblem 400 for an unreadable address, 404 for an unknown one */
export const addressOf = (target: string): Address => {
  const base = 'http://gateway'
  if (!URL.canParse(target, base)) throw new HttpProblem(400, 'path', 'the address cannot be read')
  const url = new URL(target, base)
  const webhook = webhookPath.exec(url.pathname)
  if (webhook) return { kind: 'webhook', source: decoded(webhook[1] as string), account: accountIn(webhook[2]), url }
  if (url.pathname === '/v1/message-events') return { kind: 'message-events' }
  if (url.pathname === lookUpAddress) return { kind: 'look-up' }
  if (url.pathname === '/readyz') return { kind: 'ready' }
  if (url.pathname === '/openapi.json') return { kind: 'openapi' }
  throw new HttpProblem(
    404,
    'path',
    'try POST /webhooks/{source}[/{account}] or POST /v1/message-events; GET /openapi.json describes all addresses',
  )
}
