/** HTTP of the simulated OAuth: TikTok's endpoints, the consent pages, and scripted faults. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { Authorisation, simulatorApp } from './authorisation.ts'

const apiPrefix = '/open_api/v1.3/'
/** `Report conversion events`: the scope that the pipeline requires of an advertiser. */
const reportScope = '7224195155857866754'

export const authorisationFaultSchema = z.strictObject({
  /** Path below /open_api/v1.3/, such as `tt_user/oauth2/refresh_token/`. */
  path: z.string().min(1),
  count: z.int().positive().default(1),
  /** TikTok code in place of the normal answer. */
  code: z.int().optional(),
  status: z.int().min(200).max(599).optional(),
  /** Carries out the call, then resets the connection. */
  lost: z.boolean().default(false),
})
export const eventSetSchema = z.strictObject({
  advertiserId: z.string().min(1),
  app: z.enum(['MESSENGER', 'WHATSAPP', 'ZALO']),
  accountId: z.string().min(1),
  eventSetId: z.string().min(1),
  name: z.string().default('message event set'),
  matched: z.boolean().default(true),
})
type Fault = z.output<typeof authorisationFaultSchema>

const escaped = (text: string) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)

/** A consent page. @param fields query parameters of the app, passed on by the form */
const form = (fields: Readonly<Record<string, string>>, title: string, more: string) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${title}</title>
<style>:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:34rem;margin:3rem auto;padding:0 1rem}label{display:block}button{font:inherit;padding:.4rem 1rem;margin:1rem .5rem 0 0}</style>
<h1>${title}</h1><p>This page simulates TikTok's. Nothing leaves this machine.</p>
<form method="post">${Object.entries(fields)
  .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
  .join('')}
${more}<button name="answer" value="approve">Approve</button><button name="answer" value="deny">Deny</button></form></html>
`

const body = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > 65_536) throw new RangeError('too long')
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

/** Prints scope ids as JSON numbers of any size, as TikTok does. */
const serialise = (value: unknown) =>
  JSON.stringify(value).replace(/"scope":\[(?:"\d*",?)*\]/, (list) => `"scope":${list.slice(8).replaceAll('"', '')}`)

const list = (text: string | null) =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

export class Portal {
  readonly authorisation: Authorisation
  #faults: { fault: Fault; left: number }[] = []

  constructor(now: () => number) {
    this.authorisation = new Authorisation(now)
  }

  fault(fault: Fault) {
    this.#faults.push({ fault, left: fault.count })
  }

  /** @returns false when the path is not handled here */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const url = new URL(request.url ?? '/', 'http://simulator')
    if (url.pathname === '/portal/auth' || url.pathname === '/v2/auth/authorize/') {
      await this.#page(request, response, url)
      return true
    }
    if (!url.pathname.startsWith(apiPrefix)) return false
    return this.#api(request, response, url)
  }

  async #api(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean> {
    const path = url.pathname.slice(apiPrefix.length)
    const method = request.method ?? 'GET'
    let input: Record<string, unknown> = Object.fromEntries(url.searchParams)
    if (method === 'POST') {
      try {
        input = JSON.parse(await body(request)) as Record<string, unknown>
      } catch {
        input = {}
      }
    }
    const header = request.headers['access-token']
    const token = typeof header === 'string' ? header : undefined
    const found = this.#faults.find(({ fault, left }) => left > 0 && fault.path === path)
    if (found) found.left--
    const fault = found?.fault
    const answer =
      fault && !fault.lost && (fault.code !== undefined || fault.status !== undefined)
        ? { code: fault.code ?? 50000, message: 'simulated', data: {} }
        : this.authorisation.call(method, path, input, token)
    if (!answer) return false
    if (fault?.lost) {
      response.socket?.resetAndDestroy()
      return true
    }
    response.writeHead(fault?.status ?? 200, { 'content-type': 'application/json; charset=utf-8' })
    response.end(serialise({ ...answer, request_id: `${Date.now()}` }))
    return true
  }

  async #page(request: IncomingMessage, response: ServerResponse, url: URL) {
    const isAdvertiser = url.pathname === '/portal/auth'
    const query = request.method === 'POST' ? new URLSearchParams(await body(request)) : url.searchParams
    const redirect = query.get('redirect_uri') ?? ''
    const state = query.get('state') ?? ''
    const app = query.get('app_id') ?? query.get('client_key') ?? ''
    if (app !== simulatorApp.id || !URL.canParse(redirect)) {
      response.writeHead(400, { 'content-type': 'text/plain' })
      response.end('the app id or the redirect address is unknown\n')
      return
    }
    if (request.method !== 'POST') return this.#ask(response, url, isAdvertiser)
    const target = new URL(redirect)
    if (query.get('answer') !== 'approve') {
      target.searchParams.set('error', 'access_denied')
      target.searchParams.set('error_description', 'The user did not agree')
    } else {
      const scopes = query.getAll('scopes').flatMap(list)
      const code = this.authorisation.grant(
        isAdvertiser ? 'advertiser' : 'account',
        scopes,
        list(query.get('advertiser_ids')),
        query.get('open_id') ?? '',
      )
      target.searchParams.set('code', code)
      if (isAdvertiser) target.searchParams.set('auth_code', code)
      else target.searchParams.set('scopes', scopes.join(','))
    }
    target.searchParams.set('state', state)
    response.writeHead(302, { location: target.href })
    response.end()
  }

  #ask(response: ServerResponse, url: URL, isAdvertiser: boolean) {
    const scopes = isAdvertiser ? [reportScope] : list(url.searchParams.get('scope'))
    const boxes = scopes.map(
      (scope) =>
        `<label><input type="checkbox" name="scopes" value="${escaped(scope)}" checked> ${escaped(scope)}</label>`,
    )
    const grantee = isAdvertiser
      ? '<label>advertisers <input name="advertiser_ids" value="7000000000001"></label>'
      : '<label>account (open id) <input name="open_id" value="biz_demo"></label>'
    const title = isAdvertiser ? 'Report events for your advertisers?' : 'Let this app read your messages?'
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    response.end(form(Object.fromEntries(url.searchParams), title, grantee + boxes.join('')))
  }
}
