/** The gateway's HTTP server: routes, answers, metrics. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { errorFacts, type Logger } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics/metrics.ts'
import { DependencyError, RecordTooLarge } from '../runtime/ports.ts'
import type { Tracer } from '../runtime/tracing/tracer.ts'
import { messageEventSource } from '../shared/model/channel-event.ts'
import type { RawDelivery } from '../shared/sources/source.ts'
import { type Address, addressOf } from './address.ts'
import {
  answer,
  answerJson,
  answerProblem,
  HttpProblem,
  headersOf,
  mediaType,
  readBody,
  traceOf,
  withKey,
} from './http.ts'
import { type Intake, NotStored } from './intake.ts'
import { eventRecord, parseEvents, requireToken } from './message-events.ts'
import { traceRequest } from './request-trace.ts'
import { deliveryRecord, sourceOf, type WebhookTools } from './webhook.ts'

export interface GatewayTools extends WebhookTools {
  readonly intake: Intake
  readonly metrics: Metrics
  readonly log: Logger
  readonly maxBodyBytes: number
  readonly ingestToken: string | undefined
  /** null: tracing is off. */
  readonly tracer?: Tracer | null
  now(): number
  isReady(): boolean
}

type Webhook = Extract<Address, { kind: 'webhook' }>

/** The answer is sent this long before the source's own deadline, for the way back. */
const marginMs = 500
/** Kafka gets at least this long, also where reading the body used up the deadline. */
const minTimeoutMs = 200

const postWebhook = async (
  { source: name, account, url }: Webhook,
  request: IncomingMessage,
  response: ServerResponse,
  tools: GatewayTools,
) => {
  const started = performance.now()
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
  const record = deliveryRecord(source, delivery, mediaType(contentType ?? undefined), tools)
  const timeoutMs = source.deadlineMs - marginMs - (performance.now() - started)
  if (record) await tools.intake.store([record], Math.max(minTimeoutMs, timeoutMs))
  answer(response, source.answer.status, source.answer.contentType, source.answer.body)
}

const getWebhook = (
  { source: name, url }: Webhook,
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
  const records = events.map((event) => {
    const connectionId = tools.directory.byAccount(event.source, event.accountId)?.connectionId ?? null
    return eventRecord(event, tools.now(), trace, tools.keyring, connectionId, tools.envelopes)
  })
  await tools.intake.store(records)
  answerJson(response, 200, { stored: events.length, results })
}

/** @throws HttpProblem 405 */
const wrongMethod = (allow: string, message: string) => {
  throw new HttpProblem(405, 'method', message, allow)
}

const methods = { webhook: 'POST, GET, HEAD', 'message-events': 'POST', ready: 'GET, HEAD' } as const

const route = async (request: IncomingMessage, response: ServerResponse, tools: GatewayTools): Promise<void> => {
  const address = addressOf(request.url ?? '/')
  const { method } = request
  const isRead = method === 'GET' || method === 'HEAD'
  if (method === 'OPTIONS') return answer(response, 204, '', '', { allow: methods[address.kind] })
  switch (address.kind) {
    case 'webhook':
      if (method === 'POST') return postWebhook(address, request, response, tools)
      if (isRead) return getWebhook(address, request, response, tools)
      return wrongMethod(methods.webhook, 'send deliveries by POST; the subscription handshake is a GET')
    case 'message-events':
      if (method === 'POST') return postEvents(request, response, tools)
      return wrongMethod(methods['message-events'], 'send message events by POST')
    case 'ready': {
      if (!isRead) return wrongMethod(methods.ready, 'this address takes GET and HEAD only')
      const ready = tools.isReady()
      return answerJson(response, ready ? 200 : 503, { ready })
    }
  }
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

/** The request's `source` label in metrics: a known source or `unknown`; null for requests that are not counted. */
const labelOf = (target: string, tools: GatewayTools): string | null => {
  const path = target.split('?', 1)[0] ?? ''
  if (path === '/readyz') return null
  if (path === '/v1/message-events') return messageEventSource
  const name = path.split('/', 3)[2] ?? ''
  return path.startsWith('/webhooks/') && tools.sources.get(name) ? name : 'unknown'
}

/** ms. A slow sender must not hold a connection for long. */
const defaultTimeouts = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  connectionsCheckingInterval: 2_000,
  keepAliveTimeout: 65_000,
}

/** @returns a server that does not listen yet */
export const createGateway = (tools: GatewayTools, timeouts = defaultTimeouts): Server =>
  createServer(timeouts, (request, response) => {
    const started = performance.now()
    if (tools.tracer) traceRequest(tools.tracer, request, response, () => labelOf(request.url ?? '', tools))
    const count = () => {
      const source = labelOf(request.url ?? '', tools)
      if (source === null) return
      tools.metrics.count('signals_deliveries_received_total', { source, status: String(response.statusCode) })
      tools.metrics.observe('signals_delivery_seconds', {}, (performance.now() - started) / 1000)
    }
    route(request, response, tools).then(count, (error: unknown) => {
      if (!response.headersSent) answerProblem(request, response, problemOf(error, tools.log))
      count()
    })
  })
