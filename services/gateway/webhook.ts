/**
 * Turns a verified webhook delivery into records for `channel-events.v1`: one for each connected account, with the exact bytes where the
 * delivery names one account. Nothing in the body's content can fail a request; ingest maps it after it is stored.
 */

import type { Envelopes } from '../runtime/keys/envelopes.ts'
import type { Keyring } from '../runtime/keys/keyring.ts'
import type { ProducerRecord } from '../runtime/ports.ts'
import { encodeChannelEvent } from '../shared/model/channel-event.ts'
import { DeliveryUnreadable, type RawDelivery, type Source, type SourceRegistry } from '../shared/sources/source.ts'
import { HttpProblem, traceOf } from './http/answers.ts'
import { recordKeyOf, type SpreadAccounts } from './record-keys.ts'
import type { VerificationTools } from './verification/admission.ts'
import { type VerifiedAccount, type VerifiedDelivery, verifyDelivery } from './verification/verify.ts'

export interface WebhookTools extends VerificationTools {
  readonly sources: SourceRegistry
  readonly keyring: Keyring
  readonly envelopes: Pick<Envelopes, 'seal'>
  readonly spread: SpreadAccounts
  /** Store also deliveries of accounts without a connection. */
  readonly keepsUnconnected: boolean
}

/** The limit of a message event's `accountId`, in characters: ingest cannot map a longer one. */
const maxAccountLength = 256

/** What becomes of a delivery whose proof holds. */
export interface AcceptedDelivery {
  /** For each account to store, its record. */
  readonly stored: readonly { readonly account: string | null; readonly record: ProducerRecord }[]
  /** Accounts without a connection, of which nothing is kept. */
  readonly unconnected: readonly string[]
  /** Accounts for which the proof does not hold, left out. */
  readonly unverified: readonly string[]
}

/** @throws HttpProblem 404 */
export const sourceOf = (name: string, { sources }: Pick<WebhookTools, 'sources'>): Source => {
  const source = sources.get(name)
  if (!source)
    throw new HttpProblem(
      404,
      'unknown_source',
      'there is no such source; the address is /webhooks/{source}[/{account}], and docs/sources names the sources',
    )
  return source
}

const storedHeadersOf = (source: Source, { headers }: RawDelivery): Record<string, string> =>
  Object.fromEntries(
    source.storedHeaders.flatMap((header) => {
      const value = headers[header]
      return value === undefined ? [] : [[header, value]]
    }),
  )

/** The part of the body that belongs to the account. @throws HttpProblem 400 */
const bodyOf = (source: Source, account: string, delivery: RawDelivery, { parsed }: VerifiedDelivery): Buffer => {
  try {
    return source.bodyOf(account, delivery, parsed)
  } catch (error) {
    if (error instanceof DeliveryUnreadable) throw new HttpProblem(400, 'body_nested', error.message)
    throw error
  }
}

/**
 * @param onVerified gets the accounts to store before anything is sealed for them; what it throws ends the request
 * @throws HttpProblem 400, 401, 413
 */
export const acceptDelivery = (
  source: Source,
  delivery: RawDelivery,
  tools: WebhookTools,
  onVerified: (accounts: readonly (string | null)[]) => void = () => {},
): AcceptedDelivery => {
  const found = verifyDelivery(source, delivery, tools)
  const { verified, unverified } = found
  const keeps = ({ account, isConnected }: VerifiedAccount) =>
    isConnected || account === null || (tools.keepsUnconnected && account.length <= maxAccountLength)
  const isShared = verified.length + unverified.length > 1
  const { account: addressed, contentType, receivedAt } = delivery
  const common = {
    source: source.name,
    account: addressed,
    contentType,
    receivedAt,
    traceparent: traceOf(delivery.headers),
    storedHeaders: storedHeadersOf(source, delivery),
  }
  const kept = verified.filter(keeps)
  if (kept.length > 0) onVerified(kept.map(({ account }) => account))
  const stored = kept.map(({ account, by }) => {
    const body = isShared && account !== null ? bodyOf(source, account, delivery, found) : delivery.body
    const connection = account === null ? undefined : tools.connections.connected(source.name, account)
    const { keyring, spread } = tools
    const { key, isSpread } = recordKeyOf(source, account, delivery, body, { keyring, spread, connection })
    const event = { ...common, verifiedBy: by, verifiedAccount: account, isSpread }
    return { account, record: encodeChannelEvent(event, key, body, connection?.connectionId ?? null, tools.envelopes) }
  })
  const unconnected = verified.filter((one) => !keeps(one)).flatMap(({ account }) => account ?? [])
  return { stored, unconnected, unverified }
}
