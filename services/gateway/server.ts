/** The gateway's HTTP server: routes, answers, and what is counted of them. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { errorFacts, type Logger } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { DependencyError, RecordTooLarge } from '../runtime/ports.ts'
import type { RawDelivery } from '../sources/source.ts'
import { answer, answerJson, HttpProblem, headersOf, mediaType, readBody, traceOf, withKey } from './http.ts'
import { type Intake, NotStored } from './intake.ts'
import { eventRecord, parseEvents, requireToken } from './message-events.ts'
import { deliveryRecord, sourceOf, type WebhookTools } from './webhook.ts'

export interface GatewayTools extends WebhookTools {
  readonly intake: Intake
  readonly metrics: Metrics
  readonly log: Logger
  readonly maxBodyBytes: number
  readonly ingestToken: string | undefined
  now(): number
  isReady(): boolean
}

const webhookPath = /^\/webhooks\/([^/]+)(?:\/([^/]+))?\/?$/

const decoded = (part: string | undefined): string | null => {
  if (part === undefined) return null
  try {
    return decodeURIComponent(part)
  } catch {
    throw new HttpProblem(404, 'path', 'the account in the address is not percent-encoded UTF-8')
  }
}

const postWebhook = async (
  name: string,
  url: URL,
  account: string | null,
  request: IncomingMessage,
  response: ServerResponse,
  tools: GatewayTools,
) => {
  const source = sourceOf(name, tools)
  const body = await readBody(request, tools.maxBodyBytes)
  const contentType = request.headers['content-type'] ?? null
  const delivery: RawDelivery = {
    source: name,
    account,
    headers: withKey(headersOf(request), url),
    contentType,
    body,
    receivedAt: tools.now(),
  }
  await tools.intake.store([deliveryRecord(source, delivery, mediaType(contentType ?? undefined), tools)])
  answer(response, source.answer.status, source.answer.contentType, source.answer.body)
}

const getWebhook = (
  name: string,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
  tools: GatewayTools,
) => {
  const source = sourceOf(name, tools)
  const { verifyTokens, secrets } = tools.secretsOf(name)
  const { status, contentType, body } = source.handshake(url.searchParams, headersOf(request), {
    verifyTokens,
    secrets,
  })
  answer(response, status, contentType, body)
}

const postEvents = async (request: IncomingMessage, response: ServerResponse, tools: GatewayTools) => {
  requireToken(request.headers.authorization, tools.ingestToken)
  if (mediaType(request.headers['content-type']) !== 'application/json') {
    throw new HttpProblem(415, 'content_type', 'send application/json')
  }
  const { events, results, valid } = parseEvents(await readBody(request, tools.maxBodyBytes))
  if (!valid) return answerJson(response, 422, { stored: 0, results })
  const trace = traceOf(headersOf(request))
  await tools.intake.store(events.map((event) => eventRecord(event, tools.now(), trace, tools.keyring)))
  answerJson(response, 200, { stored: events.length, results })
}

const route = async (request: IncomingMessage, response: ServerResponse, tools: GatewayTools): Promise<string> => {
  const url = new URL(request.url ?? '/', 'http://gateway')
  const webhook = webhookPath.exec(url.pathname)
  if (webhook) {
    const name = decoded(webhook[1]) as string
    const label = tools.sources.get(name) ? name : 'unknown'
    if (request.method === 'POST')
      return postWebhook(name, url, decoded(webhook[2]), request, response, tools).then(() => label)
    if (request.method === 'GET') getWebhook(name, url, request, response, tools)
    else throw new HttpProblem(405, 'method', 'deliveries are posted, the handshake is a GET')
    return label
  }
  if (url.pathname === '/v1/message-events') {
    if (request.method !== 'POST') throw new HttpProblem(405, 'method', 'message events are posted')
    await postEvents(request, response, tools)
    return 'message-event'
  }
  if (url.pathname === '/readyz') {
    const ready = tools.isReady()
    answerJson(response, ready ? 200 : 503, { ready })
    return 'status'
  }
  throw new HttpProblem(404, 'path', 'try POST /webhooks/{source}[/{account}] or POST /v1/message-events')
}

const problemOf = (error: unknown, log: Logger): HttpProblem => {
  if (error instanceof HttpProblem) return error
  if (error instanceof RecordTooLarge)
    return new HttpProblem(413, 'too_large', 'the body is larger than the broker takes in one record')
  if (error instanceof NotStored || error instanceof DependencyError) {
    return new HttpProblem(503, 'not_stored', `${error.message}; nothing was stored, send it again`)
  }
  log.error(errorFacts(error), 'a request failed')
  return new HttpProblem(500, 'internal', 'the request could not be handled; nothing was stored, send it again')
}

/** Not yet listening. */
export const createGateway = (tools: GatewayTools): Server => {
  const labelOf = (request: IncomingMessage) => {
    const name = webhookPath.exec((request.url ?? '').split('?')[0] ?? '')?.[1] ?? ''
    return tools.sources.get(name) ? name : 'unknown'
  }
  return createServer({ keepAliveTimeout: 65_000, requestTimeout: 20_000 }, (request, response) => {
    const started = performance.now()
    const count = (source: string) => {
      if (source === 'status') return
      tools.metrics.count('signals_deliveries_received_total', { source, status: String(response.statusCode) })
      tools.metrics.observe('signals_delivery_seconds', {}, (performance.now() - started) / 1000)
    }
    route(request, response, tools).then(count, (error: unknown) => {
      const { status, code, message } = problemOf(error, tools.log)
      if (!response.headersSent) answerJson(response, status, { error: { code, message } })
      // The rest of a body that is not wanted must not keep the connection busy.
      if (!request.complete) response.once('finish', () => request.destroy())
      count(labelOf(request))
    })
  })
}
