/** The gateway's HTTP server: routes, answers, metrics. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { errorFacts, type Logger } from '../runtime/log.ts'
import { DependencyError, RecordTooLarge } from '../runtime/ports.ts'
import { messageEventSource } from '../shared/model/channel-event.ts'
import { type GatewayTools, noteRefused, postEvents, postWebhook } from './deliveries.ts'
import { type Address, addressOf, lookUpAddress } from './http/address.ts'
import { answer, answerJson, answerProblem, HttpProblem, headersOf, senderOf } from './http/answers.ts'
import { gatewayOpenApi } from './http/openapi.ts'
import { traceRequest } from './http/request-trace.ts'
import { NotStored } from './intake.ts'
import { requireAddressRate } from './limits/gateway-rates.ts'
import { limitSockets } from './limits/sockets.ts'
import { Turns } from './limits/turns.ts'
import { postLookUp } from './look-up/look-up.ts'
import { sourceOf } from './webhook.ts'

/** In metrics: message events of which none was stored; the answer has a reason for each. */
const noneTaken = 'events'
const openApiText = JSON.stringify(gatewayOpenApi())

type Webhook = Extract<Address, { kind: 'webhook' }>

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

/** @throws HttpProblem 405 */
const wrongMethod = (allow: string, message: string) => {
  throw new HttpProblem(405, 'method', message, { allow })
}

const methods = {
  webhook: 'POST, GET, HEAD',
  'message-events': 'POST',
  'look-up': 'POST',
  ready: 'GET, HEAD',
  openapi: 'GET, HEAD',
} as const

/** @param tools null until the gateway has read its connections and tokens */
const route = async (request: IncomingMessage, response: ServerResponse, tools: GatewayTools | null): Promise<void> => {
  const address = addressOf(request.url ?? '/')
  const { method } = request
  const isRead = method === 'GET' || method === 'HEAD'
  if (method === 'OPTIONS') return answer(response, 204, '', '', { allow: methods[address.kind] })
  if (address.kind === 'ready') {
    if (!isRead) return wrongMethod(methods.ready, 'this address takes GET and HEAD only')
    const ready = tools?.isReady() ?? false
    return answerJson(response, ready ? 200 : 503, { ready })
  }
  if (address.kind === 'openapi') {
    if (!isRead) return wrongMethod(methods.openapi, 'this address takes GET and HEAD only')
    return answer(response, 200, 'application/json', openApiText)
  }
  if (tools === null)
    throw new HttpProblem(503, 'starting', 'the gateway is starting; nothing was stored, send it again')
  requireAddressRate(tools.rates, senderOf(request), tools.now())
  switch (address.kind) {
    case 'webhook':
      if (method === 'POST') return postWebhook(address, request, response, tools)
      if (isRead) return getWebhook(address, request, response, tools)
      return wrongMethod(methods.webhook, 'send deliveries by POST; the subscription handshake is a GET')
    case 'message-events':
      if (method === 'POST') return postEvents(request, response, tools)
      return wrongMethod(methods['message-events'], 'send message events by POST')
    case 'look-up':
      if (method === 'POST') return postLookUp(request, response, tools)
      return wrongMethod(methods['look-up'], 'look up conversations by POST')
  }
}

/** Kafka may have stored what it has not confirmed. */
const again = 'send it again: if it was stored all the same, it counts once'

const problemOf = (error: unknown, log: Logger): HttpProblem => {
  if (error instanceof HttpProblem) return error
  if (error instanceof RecordTooLarge)
    return new HttpProblem(413, 'too_large', 'the body is larger than the broker takes in one record')
  if (error instanceof NotStored || error instanceof DependencyError) {
    return new HttpProblem(503, 'not_stored', `${error.message}; ${again}`)
  }
  log.error(errorFacts(error), 'a request failed')
  return new HttpProblem(500, 'internal', `the request could not be handled; ${again}`)
}

/** The request's `source` label in metrics: a known source or `unknown`; null for requests that are not counted. */
const labelOf = (target: string, tools: GatewayTools | null): string | null => {
  const path = target.split('?', 1)[0] ?? ''
  if (path === '/readyz' || path === '/openapi.json' || path === lookUpAddress) return null
  if (path === '/v1/message-events') return messageEventSource
  const name = path.split('/', 3)[2] ?? ''
  return path.startsWith('/webhooks/') && tools?.sources.get(name) ? name : 'unknown'
}

/** The account that the address names. */
const accountsIn = (target: string): readonly string[] => {
  try {
    const address = addressOf(target)
    return address.kind === 'webhook' && address.account !== null ? [address.account] : []
  } catch {
    // The address is what was refused.
    return []
  }
}

/** ms. A slow sender must not hold a connection for long. */
const defaultTimeouts = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  connectionsCheckingInterval: 2_000,
  keepAliveTimeout: 65_000,
}

export interface ServerOptions {
  readonly log: Logger
  /** Sockets that may be open at once. */
  readonly maxSockets: number
  readonly timeouts?: typeof defaultTimeouts
}

/**
 * @param current null until the gateway has read its connections and tokens: it answers 503 until then
 * @returns a server that does not listen yet
 */
export const createGateway = (
  current: () => GatewayTools | null,
  { log, maxSockets, timeouts = defaultTimeouts }: ServerOptions,
): Server => {
  const turns = new Turns(setImmediate)
  const server = createServer(timeouts, (request, response) => {
    const started = performance.now()
    const tools = current()
    const label = () => labelOf(request.url ?? '', tools)
    if (tools?.tracer) traceRequest(tools.tracer, request, response, label)
    const count = (problem: HttpProblem | null) => {
      const seconds = (performance.now() - started) / 1000
      if (tools && (request.url ?? '').split('?', 1)[0] === lookUpAddress) {
        tools.metrics.count('signals_look_ups_total', { status: String(response.statusCode) })
        tools.metrics.observe('signals_look_up_seconds', {}, seconds)
      }
      const source = label()
      if (source === null || tools === null) return
      tools.metrics.count('signals_deliveries_received_total', { source, status: String(response.statusCode) })
      if (response.statusCode >= 400) {
        const code = problem?.code ?? noneTaken
        tools.metrics.count('signals_deliveries_refused_total', { source, code })
        noteRefused(source, problem?.accounts.length ? problem.accounts : accountsIn(request.url ?? ''), code, tools)
      }
      tools.metrics.observe('signals_delivery_seconds', {}, seconds)
    }
    route(request, response, tools).then(
      () => count(null),
      (error: unknown) => {
        const problem = problemOf(error, log)
        if (!response.headersSent) answerProblem(request, response, problem)
        // The rest of an unfinished request is read and discarded before its connection ends.
        if (request.complete) turns.wait(request.socket)
        count(problem)
      },
    )
  })
  limitSockets(server, maxSockets)
  return server
}
