/**
 * Turns a webhook request into a record for `channel-events.v1`: authenticates the sender, then seals the exact bytes.
 * Nothing in the body's content can fail a request; ingest maps it after it is stored.
 */

import type { Envelopes } from '../runtime/keys/envelopes.ts'
import type { Keyring } from '../runtime/keys/keyring.ts'
import type { ProducerRecord } from '../runtime/ports.ts'
import type { Connection, ConnectionDirectory } from '../shared/connections/directory.ts'
import { encodeChannelEvent } from '../shared/model/channel-event.ts'
import type { RawDelivery, Source, SourceRegistry } from '../shared/sources/source.ts'
import type { SourceSecrets } from './config.ts'
import { HttpProblem, traceOf } from './http.ts'

export interface WebhookTools {
  readonly sources: SourceRegistry
  readonly directory: ConnectionDirectory
  readonly keyring: Keyring
  readonly envelopes: Pick<Envelopes, 'seal'>
  /** By source name. */
  secretsOf(source: string): SourceSecrets
  mayBeUnsigned(source: string): boolean
}

/** @throws HttpProblem 404 */
export const sourceOf = (name: string, { sources }: Pick<WebhookTools, 'sources'>): Source => {
  const source = sources.get(name)
  if (!source)
    throw new HttpProblem(
      404,
      'unknown_source',
      `there is no such source; the address is /webhooks/{source}[/{account}] with one of: ${sources.names().join(', ')}`,
    )
  return source
}

/** A delivery with what the gateway reads from its body, parsed at most once. */
interface Inspected {
  readonly source: Source
  readonly delivery: RawDelivery
  readonly parsed: ReturnType<Source['parse']>
  /** The address's first, then those that the body names. */
  readonly accounts: readonly string[]
  readonly connections: readonly Connection[]
}

const inspect = (source: Source, delivery: RawDelivery, { directory }: WebhookTools): Inspected => {
  const parsed = source.parse(delivery)
  const named = source.accountsOf(delivery, parsed)
  const accounts = delivery.account === null ? named : [delivery.account, ...named]
  const connections = accounts.flatMap((account) => directory.byAccount(source.name, account) ?? [])
  return { source, delivery, parsed, accounts, connections }
}

/**
 * Whether every connected account of the delivery is disconnected: the gateway answers with success and stores nothing,
 * since an error would make the source retry for days. `ownSecretErased`: the secret that it is signed with may be gone.
 */
const disconnectedAccounts = ({ connections }: Inspected) => {
  const allDisconnected = connections.length > 0 && connections.every(({ status }) => status === 'disconnected')
  const ownSecretErased = allDisconnected && connections.some(({ webhookSecretErased }) => webhookSecretErased)
  return { allDisconnected, ownSecretErased }
}

/** The connection's own secret comes first: an advertiser's own app signs with it. */
const secretsFor = ({ source, connections }: Inspected, { keyring, secretsOf }: WebhookTools): string[] => {
  const own = connections.flatMap(({ connectionId, webhookSecret }) =>
    webhookSecret ? [keyring.unwrap(webhookSecret, `webhook-secret:${connectionId}`).toString()] : [],
  )
  return [...new Set([...own, ...secretsOf(source.name).secrets])]
}

/** Under whose key the body is sealed; null for a body of several connections, or of none. */
const onlyConnectionOf = ({ connections }: Inspected): string | null => {
  const ids = new Set(connections.map(({ connectionId }) => connectionId))
  return ids.size === 1 ? (connections[0] as Connection).connectionId : null
}

/** @throws HttpProblem 401 */
const authenticate = (inspected: Inspected, tools: WebhookTools) => {
  const { source, delivery, parsed } = inspected
  if (!source.signed) return
  const secrets = secretsFor(inspected, tools)
  if (secrets.length === 0) {
    if (tools.mayBeUnsigned(source.name)) return
    const variable = `${source.name.toUpperCase().replaceAll('-', '_')}_WEBHOOK_SECRET`
    throw new HttpProblem(
      401,
      'no_secret',
      `no secret is known for this source: set ${variable}, or give the connection a webhookSecret, or name the source in ALLOW_UNSIGNED for a trial`,
    )
  }
  const { appId } = tools.secretsOf(source.name)
  const extra = { now: delivery.receivedAt, ...(appId === undefined ? {} : { appId }) }
  const verdict = source.verify(delivery, secrets, extra, parsed)
  if (verdict === 'missing')
    throw new HttpProblem(401, 'signature_missing', 'the signature header of this source is missing')
  if (verdict === 'wrong')
    throw new HttpProblem(
      401,
      'signature_wrong',
      "the signature does not fit the body: the secret differs from the source's, the body was changed on its way, or it is too old",
    )
}

/**
 * @param mediaType of the request, without parameters
 * @returns null for a delivery whose accounts are all disconnected: answered with success, not stored
 * @throws HttpProblem 401, 415
 */
export const deliveryRecord = (
  source: Source,
  delivery: RawDelivery,
  mediaType: string,
  tools: WebhookTools,
): ProducerRecord | null => {
  if (source.contentTypes.length > 0 && !source.contentTypes.includes(mediaType)) {
    throw new HttpProblem(415, 'content_type', `this source posts ${source.contentTypes.join(' or ')}`)
  }
  const inspected = inspect(source, delivery, tools)
  const { allDisconnected, ownSecretErased } = disconnectedAccounts(inspected)
  if (!ownSecretErased) authenticate(inspected, tools)
  if (allDisconnected) return null
  const { name } = source
  const storedHeaders = Object.fromEntries(
    source.storedHeaders.flatMap((header) => {
      const value = delivery.headers[header]
      return value === undefined ? [] : [[header, value]]
    }),
  )
  // The record key keeps one account's deliveries in order; the account may be in the address or only in the body.
  const account = inspected.accounts[0]
  const { account: addressed, contentType, receivedAt } = delivery
  return encodeChannelEvent(
    {
      source: name,
      account: addressed,
      contentType,
      receivedAt,
      traceparent: traceOf(delivery.headers),
      storedHeaders,
    },
    account === undefined ? null : tools.keyring.recordKey('account', name, account),
    delivery.body,
    onlyConnectionOf(inspected),
    tools.envelopes,
  )
}
