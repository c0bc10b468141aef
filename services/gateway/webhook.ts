/**
 * A source's delivery: prove who sent it, seal the exact bytes, store them, answer. Nothing else may fail a delivery: what it
 * says is looked at after it is stored.
 */

import type { Keyring } from '../runtime/keys/keyring.ts'
import type { ProducerRecord } from '../runtime/ports.ts'
import type { ConnectionDirectory } from '../shared/connections/directory.ts'
import type { RawDelivery, Source, SourceRegistry } from '../shared/sources/source.ts'
import { topics } from '../topology.ts'
import type { SourceSecrets } from './config.ts'
import { HttpProblem, traceOf } from './http.ts'

export interface WebhookTools {
  readonly sources: SourceRegistry
  readonly directory: ConnectionDirectory
  readonly keyring: Keyring
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

const accountsIn = (source: Source, delivery: RawDelivery): readonly string[] =>
  delivery.account === null ? source.accountsOf(delivery) : [delivery.account, ...source.accountsOf(delivery)]

/**
 * Every account that the delivery is of has been disconnected: nothing of it is kept, and the source is told that all is well,
 * or it would go on for days. `ownSecretErased`: it may be signed with a secret that nobody has any more.
 */
const ofTheGone = (source: Source, delivery: RawDelivery, { directory }: WebhookTools) => {
  const accounts = accountsIn(source, delivery)
  const found = accounts.flatMap((account) => directory.byAccount(source.name, account) ?? [])
  const gone = found.length > 0 && found.every(({ status }) => status === 'disconnected')
  return { gone, ownSecretErased: gone && found.some((connection) => connection.webhookSecretErased) }
}

/** The connection's own secret first: an advertiser's own app signs with it. */
const secretsFor = (
  source: Source,
  delivery: RawDelivery,
  { directory, keyring, secretsOf }: WebhookTools,
): string[] => {
  const own = accountsIn(source, delivery).flatMap((account) => {
    const wrapped = directory.byAccount(source.name, account)?.webhookSecret
    return wrapped ? [keyring.unwrap(wrapped).toString()] : []
  })
  return [...new Set([...own, ...secretsOf(source.name).secrets])]
}

/** @throws HttpProblem 401 */
const authenticate = (source: Source, delivery: RawDelivery, tools: WebhookTools) => {
  if (!source.signed) return
  const secrets = secretsFor(source, delivery, tools)
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
  const verdict = source.verify(delivery, secrets, {
    now: delivery.receivedAt,
    ...(appId === undefined ? {} : { appId }),
  })
  if (verdict === 'missing')
    throw new HttpProblem(401, 'signature_missing', 'the signature header of this source is missing')
  if (verdict === 'wrong')
    throw new HttpProblem(
      401,
      'signature_wrong',
      "the signature does not fit the body: the secret differs from the source's, the body was changed on its way, or it is too old",
    )
}

/** The record for `channel-events.v1`; null for what is taken and not kept, of accounts that are disconnected. @throws HttpProblem 401, 415 */
export const deliveryRecord = (
  source: Source,
  delivery: RawDelivery,
  mediaType: string,
  tools: WebhookTools,
): ProducerRecord | null => {
  if (source.contentTypes.length > 0 && !source.contentTypes.includes(mediaType)) {
    throw new HttpProblem(415, 'content_type', `this source posts ${source.contentTypes.join(' or ')}`)
  }
  const { gone, ownSecretErased } = ofTheGone(source, delivery, tools)
  if (!ownSecretErased) authenticate(source, delivery, tools)
  if (gone) return null
  const { name } = source
  const trace = traceOf(delivery.headers)
  const stored = Object.fromEntries(
    source.storedHeaders.flatMap((header) => {
      const value = delivery.headers[header]
      return value === undefined ? [] : [[header, value]]
    }),
  )
  // Deliveries of one account keep their order; the account may be in the URL or only in the body.
  const account = delivery.account ?? source.accountsOf(delivery)[0] ?? null
  return {
    topic: topics.channelEvents.name,
    key: account === null ? null : tools.keyring.pseudonym('account', name, account),
    value: tools.keyring.sourceKey(name).seal(delivery.body, name),
    headers: {
      ...stored,
      source: name,
      ...(delivery.account === null ? {} : { account: delivery.account }),
      'received-at': String(delivery.receivedAt),
      'content-type': delivery.contentType ?? '',
      sealed: `source/${name}`,
      ...(trace === undefined ? {} : { traceparent: trace }),
    },
  }
}
