/** A gateway with its HTTP on a free port of loopback, and Kafka in memory. */
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import pino from 'pino'
import type { GatewayTools } from '../../services/gateway/deliveries.ts'
import { Intake } from '../../services/gateway/intake.ts'
import { gatewayRates } from '../../services/gateway/limits/gateway-rates.ts'
import { PendingBodies } from '../../services/gateway/limits/pending-bodies.ts'
import { createGateway } from '../../services/gateway/server.ts'
import { GatewayConnections } from '../../services/gateway/verification/gateway-connections.ts'
import { systemClock } from '../../services/runtime/clock.ts'
import { errorFacts } from '../../services/runtime/log.ts'
import { Metrics } from '../../services/runtime/metrics/metrics.ts'
import type { ProducerRecord } from '../../services/runtime/ports.ts'
import { refusedDeliveries } from '../../services/shared/refused/log.ts'
import type { Source } from '../../services/shared/sources/index.ts'
import { settingAccess } from '../../services/shared/tokens/access.ts'
import { Bearers } from '../../services/shared/tokens/bearers.ts'
import { unconnectedAccounts } from '../../services/shared/unconnected/log.ts'
import { connectionRecord, testEnvelopes, testKeyring } from './builders.ts'
import { item, sourceOf } from './mapping.ts'

const secret = 'made up'
const source = sourceOf(
  {},
  {
    accounts: ['body.page'],
    signature: [
      { algorithm: 'hmac-sha256', header: 'x-sig' },
      { algorithm: 'equality', header: 'x-signals-key' },
    ],
    answer: { deadlineSeconds: 1 },
  },
)
export const body = JSON.stringify({ items: [item] })
export const signatureOf = (content: string) => createHmac('sha256', secret).update(content).digest('hex')
export const headers = { 'content-type': 'application/json', 'x-sig': signatureOf(body) }
/** Accounts with a connection. */
const accounts = ['shop-1', 'hot', 'calm', '\u0e01 b', '../../etc', 'a'.repeat(256)]

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Sends the path exactly as given; `fetch` would normalise it. */
const askAt = (
  port: number,
  method: string,
  path: string,
  given: Record<string, string> = {},
  content?: string,
): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    const request = httpRequest({ port, method, path, headers: given, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts).toString() }),
      )
    })
    request.once('error', reject)
    request.end(content)
  })

export const codeOf = ({ body: text }: HttpAnswer) => (JSON.parse(text) as { error: { code: string } }).error.code

export type HttpGateway = Awaited<ReturnType<typeof openHttpGateway>>

/** @param fields of the gateway's tools, in place of those made here */
export const openHttpGateway = async (fields: Partial<GatewayTools> = {}, maxSockets = 1_000) => {
  const stored: ProducerRecord[] = []
  const logged: string[] = []
  let send: (records: readonly ProducerRecord[]) => Promise<void> = async () => {}
  const known = new Map<string, Source>([['example', source]])
  const metrics = new Metrics('gateway')
  const keyring = await testKeyring()
  const connections = new GatewayConnections(keyring)
  for (const accountId of accounts)
    connections.apply(accountId, connectionRecord({ connectionId: accountId, source: 'example', accountId }))
  const log = pino(
    { level: 'trace', serializers: { err: errorFacts } },
    new Writable({
      write: (text: Buffer, _encoding, done) => {
        logged.push(text.toString())
        done()
      },
    }),
  )
  const unconnected = unconnectedAccounts(
    'gateway',
    metrics,
    ['the status token'],
    (_source, account) => `hash of ${account}`,
  )
  const access = settingAccess('INGEST_TOKEN', ['ingest', 'look-up'])
  let isStarting = false
  const tools: GatewayTools = {
    sources: { get: (name) => known.get(name), names: () => [...known.keys()] },
    connections,
    keyring,
    envelopes: testEnvelopes(keyring),
    secretsOf: () => ({ secrets: [secret], verifyTokens: [], appId: undefined }),
    mayBeUnsigned: () => false,
    spread: new Set(),
    keepsUnconnected: false,
    intake: new Intake(
      {
        send: async (records) => {
          await send(records)
          stored.push(...records)
        },
        close: async () => {},
      },
      systemClock,
    ),
    metrics,
    maxBodyBytes: 10_000,
    bodies: new PendingBodies(),
    rates: gatewayRates(2_000, 0),
    bearers: new Bearers([{ token: 'the ingest token', access }]),
    unconnected,
    refused: refusedDeliveries([]),
    lookUps: null,
    now: systemClock.now,
    isReady: () => true,
    ...fields,
  }
  const server = createGateway(() => (isStarting ? null : tools), {
    log,
    maxSockets,
    timeouts: { headersTimeout: 300, requestTimeout: 300, connectionsCheckingInterval: 50, keepAliveTimeout: 5_000 },
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    stored,
    logged,
    metrics,
    unconnected,
    port,
    ask: (method: string, path: string, given?: Record<string, string>, content?: string) =>
      askAt(port, method, path, given, content),
    post: (path = '/webhooks/example', given: Record<string, string> = headers, content = body) =>
      askAt(port, 'POST', path, given, content),
    starting: (is: boolean) => {
      isStarting = is
    },
    kafka: (does: typeof send) => {
      send = does
    },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
