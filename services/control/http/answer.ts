/** Answers of the control plane's listeners, with the headers that every answer carries. */
export interface ControlAnswer {
  readonly status: number
  readonly type: string
  readonly body: string | Buffer
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}

/** The request is refused. The message names the remedy and holds no secret. */
export class ControlProblem extends Error {
  override readonly name = 'ControlProblem'
  readonly status: number
  readonly code: string
  /** When to try again, seconds. */
  readonly retryAfter: number | undefined
  constructor(status: number, code: string, message: string, { retryAfter }: { readonly retryAfter?: number } = {}) {
    super(message)
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
  }
}

export const json = (value: unknown, status = 200): ControlAnswer => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(value)}\n`,
})

export const plain = (status: number, body: string): ControlAnswer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body,
})

/** @param path of this listener */
export const seeOther = (path: string, headers: ControlAnswer['headers'] = {}): ControlAnswer => ({
  ...plain(303, `see ${path}\n`),
  headers: { ...headers, location: path },
})

export const problemAnswer = ({ status, code, message, retryAfter }: ControlProblem): ControlAnswer => ({
  ...json({ error: { code, message } }, status),
  ...(retryAfter === undefined ? {} : { headers: { 'retry-after': String(Math.ceil(retryAfter)) } }),
})

export const escaped = (text: string) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)

/** Nothing is loaded from elsewhere, framed, or sent to elsewhere. A page adds what it needs. */
const strictest = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export const answerHeaders = ({ type, headers = {} }: ControlAnswer): Record<string, string | string[]> => ({
  'content-type': type,
  'cache-control': 'no-store',
  'content-security-policy': strictest,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  ...(headers as Record<string, string | string[]>),
})
