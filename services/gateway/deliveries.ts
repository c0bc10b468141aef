/** The two requests that store something: a webhook delivery, and message events. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Metrics } from '../runtime/metrics/metrics.ts'
import type { Tracer } from '../runtime/tracing/tracer.ts'
import { messageEventSource } from '../shared/model/channel-event.ts'
import type { RefusedLog } from '../shared/refused/log.ts'
import type { RawDelivery } from '../shared/sources/source.ts'
import type { Bearers } from '../shared/tokens/bearers.ts'
import type { UnconnectedLog } from '../shared/unconnected/log.ts'
import type { Address } from './http/address.ts'
import { answer, answerJson, HttpProblem, headersOf, mediaType, senderOf, traceOf, withKey } from './http/answers.ts'
import type { Intake } from './intake.ts'
import { readBody, requireReadable } from './limits/body.ts'
import { type GatewayRates, requireAccountRate, requireShare } from './limits/gateway-rates.ts'
import type { PendingBodies } from './limits/pending-bodies.ts'
import type { LookUps } from './look-up/look-up.ts'
import { admitEvents, eventRecord, parseEvents, requireAccess } from './message-events.ts'
import { admit } from './verification/admission.ts'
import { acceptDelivery, sourceOf, type WebhookTools } from './webhook.ts'

export interface GatewayTools extends WebhookTools {
  readonly intake: Intake
  readonly metrics: Metrics
  readonly maxBodyBytes: number
  readonly bodies: PendingBodies
  readonly rates: GatewayRates
  readonly bearers: Bearers
  readonly unconnected: UnconnectedLog
  readonly refused: RefusedLog
  /** null: this gateway answers none. */
  readonly lookUps: LookUps | null
  /** null: tracing is off. */
  readonly tracer?: Tracer | null
  /** ms */
  now(): number
  isReady(): boolean
}

/** @param accounts that are named; none: all is said of the source */
export const noteRefused = (
  source: string,
  accounts: readonly string[],
  code: string,
  { refused, connections, now }: Pick<GatewayTools, 'refused' | 'connections' | 'now'>,
): void => {
  for (const account of accounts.length > 0 ? accounts : [null]) {
    const connection = account === null ? undefined : connections.connected(source, account)
    refused.add({ source, connectionId: connection?.connectionId ?? null, account, code }, now())
  }
}

/** The answer is sent this long before the source's own deadline, for the way back. */
const marginMs = 500
/** Kafka gets at least this long, also where reading the body used up the deadline. */
const minTimeoutMs = 200

export const postWebhook = async (
  { source: name, account, url }: Extract<Address, { kind: 'webhook' }>,
  request: IncomingMessage,
  response: ServerResponse,
  tools: GatewayTools,
): Promise<void> => {
  const started = performance.now()
  const source = sourceOf(name, tools)
  const headers = withKey(headersOf(request), url)
  const contentType = request.headers['content-type'] ?? null
  requireReadable(request, tools.maxBodyBytes)
  const largest = admit(source, headers, mediaType(contentType ?? undefined), tools.now(), tools)
  const owner = { source: name, account }
  const body = await readBody(request, Math.min(tools.maxBodyBytes, largest), owner, tools.bodies)
  // Nothing more is spent on an account that is refused anyway. An answer before the body had come would cost a new connection.
  if (account !== null) requireShare(tools.rates, `${name}\n${account}`)
  const delivery: RawDelivery = { source: name, account, headers, contentType, body, receivedAt: tools.now() }
  const ownersOf = (accounts: readonly (string | null)[]) => accounts.map((one) => `${name}\n${one ?? ''}`)
  const { stored, unconnected, unverified } = acceptDelivery(source, delivery, tools, (accounts) =>
    requireAccountRate(tools.rates, ownersOf(accounts), tools.now()),
  )
  for (const one of unconnected) tools.unconnected.add(name, one, delivery.receivedAt)
  if (unverified.length > 0) {
    tools.metrics.count('signals_accounts_unverified_total', { source: name }, unverified.length)
    noteRefused(name, unverified, 'signature_wrong', tools)
  }
  if (stored.length > 0) {
    const [owner = null] = ownersOf(stored.map((one) => one.account))
    const timeoutMs = source.deadlineMs - marginMs - (performance.now() - started)
    const records = stored.map(({ record }) => record)
    await tools.intake.store(records, Math.max(minTimeoutMs, timeoutMs), owner)
    tools.rates.share.stored(performance.now() - started)
  }
  answer(response, source.answer.status, source.answer.contentType, source.answer.body)
}

export const postEvents = async (
  request: IncomingMessage,
  response: ServerResponse,
  tools: GatewayTools,
): Promise<void> => {
  const { authorization } = request.headers
  const access = requireAccess(tools.bearers, authorization, 'ingest', senderOf(request), tools.now())
  if (mediaType(request.headers['content-type']) !== 'application/json') {
    throw new HttpProblem(415, 'content_type', 'send application/json')
  }
  const owner = { source: messageEventSource, account: access.id }
  const { events, results, valid } = parseEvents(await readBody(request, tools.maxBodyBytes, owner, tools.bodies))
  if (!valid) return answerJson(response, 422, { stored: 0, results })
  const admitted = admitEvents(events, access, tools.connections, tools.keepsUnconnected)
  const now = tools.now()
  for (const { source, accountId } of admitted.unconnected) tools.unconnected.add(source, accountId, now)
  const { stored } = admitted
  if (stored.length > 0) {
    const owners = stored.map(({ source, accountId }) => `${source}\n${accountId}`)
    requireAccountRate(tools.rates, owners, now)
    const trace = traceOf(headersOf(request))
    const records = stored.map((event) => {
      const connectionId = tools.connections.connected(event.source, event.accountId)?.connectionId ?? null
      return eventRecord(event, access, now, trace, tools.keyring, connectionId, tools.envelopes)
    })
    await tools.intake.store(records, undefined, owners[0])
  }
  answerJson(response, stored.length > 0 ? 200 : 422, { stored: stored.length, results: admitted.results })
}
