/** HTTP of the simulator: TikTok's endpoint, a control API, and the received events as JSON, lines or a page. */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Faults, faultSchema } from './faults.ts'
import { authorisationFaultSchema, eventSetSchema, Portal } from './portal.ts'
import { Store } from './store.ts'
import { type SimulatorState, type TrackAnswer, track } from './track.ts'

const trackPath = '/open_api/v1.3/event/track/'
const maxBodyBytes = 32 * 1_048_576
const page = readFileSync(join(import.meta.dirname, 'page.html'))

const read = async (request: IncomingMessage): Promise<string | null> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBodyBytes) return null
    chunks.push(chunk)
  }
  return (chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)).toString('utf8')
}

const send = (response: ServerResponse, status: number, type: string, body: string | Buffer, more: object = {}) => {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...more })
  response.end(body)
}
const sendJson = (response: ServerResponse, status: number, value: unknown) =>
  send(response, status, 'application/json; charset=utf-8', `${JSON.stringify(value)}\n`)

const sendAnswer = async (response: ServerResponse, answer: TrackAnswer) => {
  if (answer.afterMs > 0) await sleep(answer.afterMs)
  switch (answer.kind) {
    case 'answer':
      return send(
        response,
        answer.status,
        answer.type,
        answer.body,
        answer.location === undefined ? {} : { location: answer.location },
      )
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'silence':
      return
  }
}

const tokensSchema = z.strictObject({ tokens: z.array(z.string().min(1)) })

/** Parses a control request; on an error it answers 400 with the problem and returns null. */
const parsed = <T>(schema: z.ZodType<T>, text: string | null, response: ServerResponse): T | null => {
  let value: unknown
  try {
    value = JSON.parse(text ?? '')
  } catch {
    sendJson(response, 400, { error: 'the body must be JSON' })
    return null
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`)
  sendJson(response, 400, { error: problems.join('; ') })
  return null
}

const faultsSchema = z.union([faultSchema, z.array(faultSchema)])

/** Names under which this machine reaches itself: in a browser, any other may have been made to lead here by another site. */
const isOwnName = (host = ''): boolean => /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i.test(host)

/** A browser says which site sends a request, or at least from where; other clients say neither. */
const isFromOtherSite = ({ headers }: IncomingMessage): boolean => {
  const { 'sec-fetch-site': site, origin, host } = headers
  if (site === undefined && origin === undefined) return false
  if (!isOwnName(host) || (site !== undefined && site !== 'same-origin' && site !== 'none')) return true
  return origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host)
}

/** `/_control/…`, see docs/simulator.md. */
const control = async (
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  state: SimulatorState,
  portal: Portal,
) => {
  const { store, faults, tokens } = state
  const [, , what, id] = path.split('/')
  switch (`${request.method} ${what}`) {
    case 'GET faults':
      return sendJson(response, 200, { faults: faults.list() })
    case 'POST faults': {
      const given = parsed(faultsSchema, await read(request), response)
      if (given) sendJson(response, 200, { faults: [given].flat().map((fault) => faults.add(fault)) })
      return
    }
    case 'DELETE faults':
      if (id !== undefined) {
        const removed = faults.remove(Number(id))
        return sendJson(response, removed ? 200 : 404, { removed })
      }
      faults.clear()
      return sendJson(response, 200, { removed: true })
    case 'GET tokens':
      return sendJson(response, 200, { registered: tokens.size })
    case 'POST tokens': {
      const given = parsed(tokensSchema, await read(request), response)
      for (const token of given?.tokens ?? []) tokens.add(token)
      if (given) sendJson(response, 200, { registered: tokens.size })
      return
    }
    case 'DELETE tokens': {
      const given = parsed(tokensSchema, await read(request), response)
      for (const token of given?.tokens ?? []) tokens.delete(token)
      if (given) sendJson(response, 200, { registered: tokens.size })
      return
    }
    case 'POST authorisation-faults': {
      const given = parsed(authorisationFaultSchema, await read(request), response)
      if (given) portal.fault(given)
      if (given) sendJson(response, 200, given)
      return
    }
    case 'POST event-sets': {
      const given = parsed(eventSetSchema, await read(request), response)
      if (given) portal.authorisation.addEventSet(given)
      if (given) sendJson(response, 200, given)
      return
    }
    case 'POST reset':
      store.reset()
      faults.clear()
      tokens.clear()
      return sendJson(response, 200, { reset: true })
    default:
      return sendJson(response, 404, { error: 'try /_control/faults, /_control/tokens or /_control/reset' })
  }
}

/** Sends the items after `since`, as one JSON object or as lines (`format=ndjson`). */
const list = (
  response: ServerResponse,
  query: URLSearchParams,
  items: (since: number, limit: number) => readonly object[],
  name: string,
) => {
  const since = Number(query.get('since') ?? 0)
  const limit = Math.min(Number(query.get('limit') ?? 100_000), 1_000_000)
  if (!Number.isSafeInteger(since) || since < 0 || !Number.isSafeInteger(limit) || limit < 1) {
    return sendJson(response, 400, { error: 'since and limit must be whole numbers' })
  }
  const found = items(since, limit)
  if (query.get('format') === 'ndjson') {
    return send(response, 200, 'application/x-ndjson', found.map((item) => `${JSON.stringify(item)}\n`).join(''))
  }
  return sendJson(response, 200, { [name]: found })
}

export interface Simulator {
  readonly state: SimulatorState
  readonly server: Server
}

export const createSimulator = ({ keep, now = Date.now }: { keep: number; now?: () => number }): Simulator => {
  const portal = new Portal(now)
  const state: SimulatorState = {
    store: new Store(keep),
    faults: new Faults(),
    tokens: new Set(),
    now,
    revoked: portal.authorisation.revoked,
  }

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = request.url ?? '/'
    const path = url.split('?', 1)[0] as string
    if (path === trackPath) {
      if (request.method !== 'POST') return send(response, 405, 'text/plain', 'Method Not Allowed')
      const text = await read(request)
      if (text === null) return send(response, 413, 'text/plain', 'Request Entity Too Large')
      const token = request.headers['access-token']
      return sendAnswer(response, track(text, typeof token === 'string' ? token : undefined, state))
    }
    if (await portal.handle(request, response)) return
    if (path.startsWith('/_control/') && isFromOtherSite(request))
      return sendJson(response, 403, { error: 'the control API takes no requests from pages of other sites' })
    if (path.startsWith('/_control/')) return control(request, response, path, state, portal)
    const query = new URLSearchParams(url.slice(path.length + 1))
    switch (path) {
      case '/':
        return send(response, 200, 'text/html; charset=utf-8', page)
      case '/_events':
        return list(response, query, (since, limit) => state.store.events(since, limit), 'events')
      case '/_calls':
        return list(response, query, (since, limit) => state.store.calls(since, limit), 'calls')
      case '/_stats':
        return sendJson(response, 200, state.store.stats())
      case '/readyz':
      case '/livez':
      case '/healthz':
        return sendJson(response, 200, { ready: true })
      default:
        return send(response, 404, 'text/plain', '404 page not found')
    }
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => {
      // The caller disconnected or sent an impossible request; neither must end the process.
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  return { state, server }
}
