/** The interface of a source. Mapping documents compile to it; no other code names a source. */

import type { MessagingApp } from '../model/connection-record.ts'
import type { IgnoredReason, MessageEvent } from '../model/message-event.ts'
import type { ParsedBody } from './interpreter/delivery/body.ts'

/** One webhook request, unparsed. */
export interface RawDelivery {
  readonly source: string
  /** From the URL; null: the URL names none. */
  readonly account: string | null
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly contentType: string | null
  readonly body: Buffer
  /** ms */
  readonly receivedAt: number
  /** The `outcomeKeys` of an account's connection; unset: none. */
  readonly outcomeKeysOf?: (accountId: string) => readonly string[]
}

/** A source reports that an account has withdrawn its authorisation. */
export interface AuthorisationRemoved {
  readonly accountId: string
  /** The source's numeric reason; null: it gives none. */
  readonly reason: number | null
  /** ms */
  readonly occurredAt: number
}

export interface MappingResult {
  readonly events: readonly MessageEvent[]
  /** One entry per ignored item. */
  readonly ignored: readonly IgnoredReason[]
  /** Items that a rule applies to but cannot map. The reasons name fields, never values. */
  readonly failed: readonly { readonly rule: string; readonly reason: string }[]
  /** Accounts that may no longer be reported for; absent when the delivery names none. */
  readonly removed?: readonly AuthorisationRemoved[]
  /**
   * For ignored items by which a source says that a person has another id now: referral events without a referral, whose aliases join
   * the conversations. Absent when the delivery has none.
   */
  readonly joined?: readonly MessageEvent[]
}

/** The whole body is not a delivery of its source. The message quotes nothing of the body. */
export class DeliveryUnreadable extends Error {
  override readonly name = 'DeliveryUnreadable'
}

export interface HttpAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** `unsigned`: the mapping asks for no proof, or allows a delivery without one. */
export type SignatureVerdict = 'ok' | 'missing' | 'wrong' | 'unsigned'

/**
 * What the headers alone say about the sender's proof. `wrong`: malformed, or too old. `none`: the mapping asks for none. `key`: a
 * shared key, judged without the body. `bytes`: a signature over the raw body. `fields`: one for which the body must be parsed.
 */
export type Proof =
  | { readonly kind: 'missing' | 'wrong' | 'none' | 'bytes' | 'fields' }
  | { readonly kind: 'key'; readonly key: string }

export interface Source {
  readonly name: string
  readonly version: number
  /** Media types of the source's requests, without parameters. */
  readonly contentTypes: readonly string[]
  /** Request headers to store with the delivery, lower case: the mapping or a later check reads them. */
  readonly storedHeaders: readonly string[]
  /** Whether every delivery is signed or proves itself by a shared secret. */
  readonly signed: boolean
  /** How a request proves itself, as text: equal texts mean equal proofs. */
  readonly signature: string
  /** The source sends referrals in separate deliveries, before or after their message. */
  readonly separateReferrals: boolean
  /** The messaging app of all its messages, in the spelling of message event sets; null: several or none. */
  readonly messagingApp: MessagingApp | null
  /** The source is the channel itself: partners quote its message ids as `channelMessageId`. */
  readonly messageIdIsChannels: boolean
  /** The response to a stored delivery. */
  readonly answer: HttpAnswer
  /** The source gives up after this time and retries, ms; the gateway answers earlier. */
  readonly deadlineMs: number

  /** @throws DeliveryUnreadable, and no other error for any body */
  map(delivery: RawDelivery): MappingResult
  /** The body for `verify` and `accountsOf`: a caller of both hands it over, so that it is parsed once. */
  parse(delivery: RawDelivery): ParsedBody
  /** Reads no body, so that a request without a well-formed proof costs nothing. @param now ms */
  proofIn(headers: RawDelivery['headers'], now: number): Proof
  /** Whether one of the secrets fits. @param extra.now ms */
  verify(
    delivery: RawDelivery,
    secrets: readonly string[],
    extra: { readonly appId?: string; readonly now: number },
    parsed?: ParsedBody,
  ): SignatureVerdict
  /** The subscription handshake. */
  handshake(
    query: URLSearchParams,
    headers: Readonly<Record<string, string>>,
    config: { readonly verifyTokens: readonly string[]; readonly secrets: readonly string[] },
  ): HttpAnswer
  /** Distinct business accounts that the body or its headers name: those of its items. Cheap and safe on any body. */
  accountsOf(delivery: RawDelivery, parsed?: ParsedBody): readonly string[]
  /**
   * The body of one of several accounts: lists on the way to an account hold only the elements that lead to this one. The same
   * bytes where no list divides the accounts. @throws DeliveryUnreadable for a body that is nested too deeply
   */
  bodyOf(account: string, delivery: RawDelivery, parsed?: ParsedBody): Buffer
}

export interface SourceRegistry {
  get(name: string): Source | undefined
  names(): readonly string[]
}
