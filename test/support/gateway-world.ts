/** The gateway's tools for webhooks, with connections in memory, and what is stored of a delivery. */

import { admit } from '../../services/gateway/verification/admission.ts'
import { GatewayConnections } from '../../services/gateway/verification/gateway-connections.ts'
import { type AcceptedDelivery, acceptDelivery, sourceOf, type WebhookTools } from '../../services/gateway/webhook.ts'
import type { Envelopes } from '../../services/runtime/keys/envelopes.ts'
import type { Keyring } from '../../services/runtime/keys/keyring.ts'
import type { ProducerRecord } from '../../services/runtime/ports.ts'
import { openChannelEvent } from '../../services/shared/model/channel-event.ts'
import type { ConnectionRecord } from '../../services/shared/model/connection-record.ts'
import type { RawDelivery, SourceRegistry } from '../../services/shared/sources/index.ts'
import { connectionRecord, testEnvelopes, testKeyring } from './builders.ts'
import { sources as shipped } from './deliveries.ts'

/** A connection as a test names it; `secret`: its own webhook secret, open. */
export type Connected = Partial<ConnectionRecord> & { readonly secret?: string }

export interface StoredPart {
  readonly account: string | undefined
  readonly by: string | undefined
  readonly body: string
}

export interface GatewayWorld {
  readonly tools: WebhookTools
  readonly keyring: Keyring
  readonly envelopes: Envelopes
  connect(fields: Connected): void
  /** As the gateway does: the checks before the body is read, then the rest. @throws HttpProblem */
  accept(delivery: RawDelivery, mediaType?: string): AcceptedDelivery
  /** The records of `accept`, opened. @throws HttpProblem */
  stored(delivery: RawDelivery): StoredPart[]
}

export const noSecrets = { secrets: [], verifyTokens: [], appId: undefined }

/** The body as ingest opens it; the problem where its key is gone. */
export const bodyOf = ({ value, headers = {} }: ProducerRecord, envelopes: Envelopes): string => {
  const opened = openChannelEvent({ value, headers }, envelopes)
  return 'body' in opened ? opened.body.toString() : opened.problem
}

/** @param secrets of the sources, by name */
export const openGatewayWorld = async (
  secrets: Readonly<Record<string, readonly string[]>> = {},
  fields: Partial<WebhookTools> = {},
  sources: SourceRegistry = shipped,
): Promise<GatewayWorld> => {
  const keyring = await testKeyring()
  const connections = new GatewayConnections(keyring)
  const envelopes = testEnvelopes(keyring, (id) => connections.byId(id))
  const tools: WebhookTools = {
    sources,
    connections,
    keyring,
    envelopes,
    secretsOf: (source) => ({ ...noSecrets, secrets: secrets[source] ?? [] }),
    mayBeUnsigned: () => false,
    spread: new Set(),
    keepsUnconnected: false,
    ...fields,
  }
  const accept: GatewayWorld['accept'] = (delivery, mediaType = 'application/json') => {
    const source = sourceOf(delivery.source, tools)
    admit(source, delivery.headers, mediaType, delivery.receivedAt, tools)
    return acceptDelivery(source, delivery, tools)
  }
  return {
    tools,
    keyring,
    envelopes,
    accept,
    connect: ({ secret, ...given }) => {
      const record = connectionRecord({
        ...given,
        webhookSecret:
          secret === undefined
            ? null
            : keyring.wrap(secret, `webhook-secret:${given.connectionId ?? connectionRecord().connectionId}`),
      })
      connections.apply(record.connectionId, record)
    },
    stored: (delivery) =>
      accept(delivery).stored.map(({ record }) => ({
        account: record.headers?.['verified-account'],
        by: record.headers?.['verified-by'],
        body: bodyOf(record, envelopes),
      })),
  }
}
