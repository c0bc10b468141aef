/** What the pipeline knows of a source. A mapping document is compiled into this; nothing else in the code names a source. */

import type { MessagingApp } from '../model/connection-record.ts'
import type { IgnoredReason, MessageEvent } from '../model/message-event.ts'
import type { ParsedBody } from './interpreter/delivery/body.ts'

/** One webhook request as it came. */
export interface RawDelivery {
  readonly source: string
  /** From the URL; null where it names none. */
  readonly account: string | null
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly contentType: string | null
  readonly body: Buffer
  /** ms */
  readonly receivedAt: number
}

/** A source tells that an account has withdrawn its authorisation. */
export interface AuthorisationRemoved {
  readonly accountId: string
  /** The source's own number for why; null where it gives none. */
  readonly reason: number | null
  /** ms */
  readonly occurredAt: number
}

export interface MappingResult {
  readonly events: readonly MessageEvent[]
  /** One entry per ignored item. */
  readonly ignored: readonly IgnoredReason[]
  /** Items that were recognised but cannot be mapped; names rules and fields, never values. */
  readonly failed: readonly { readonly rule: string; readonly reason: string }[]
  /** Accounts that may no longer be reported for; absent where the delivery says nothing of it. */
  readonly removed?: readonly AuthorisationRemoved[]
}

/** The body is no delivery of its source at all. The message says nothing of the body. */
export class DeliveryUnreadable extends Error {
  override readonly name = 'DeliveryUnreadable'
}

export interface HttpAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

export interface Source {
  readonly name: string
  readonly version: number
  /** Media types that the source posts, without parameters. */
  readonly contentTypes: readonly string[]
  /** Request headers that the mapping or a later check needs, lower case: stored with the delivery. */
  readonly storedHeaders: readonly string[]
  /** Whether the source signs its requests or proves itself by a shared secret. */
  readonly signed: boolean
  /** Referrals come as deliveries of their own, before or after the message they belong to. */
  readonly separateReferrals: boolean
  /** The messaging app that all its messages come by, as message event sets name it; null where there are several or none. */
  readonly messagingApp: MessagingApp | null
  /** The source is the channel itself: its message ids are what partners' payloads quote as the channel's. */
  readonly messageIdIsChannels: boolean
  /** What the source wants to hear once its delivery is stored. */
  readonly answer: HttpAnswer
  /** ms after which the source gives up and sends again: it is answered before. */
  readonly deadlineMs: number

  /** @throws DeliveryUnreadable, and nothing else whatever the body */
  map(delivery: RawDelivery): MappingResult
  /** The body for `verify` and `accountsOf`: a caller of both hands it over, so that it is parsed once. */
  parse(delivery: RawDelivery): ParsedBody
  verify(
    delivery: RawDelivery,
    secrets: readonly string[],
    extra: { readonly appId?: string; readonly now: number },
    parsed?: ParsedBody,
  ): 'ok' | 'missing' | 'wrong'
  /** The subscription handshake. */
  handshake(
    query: URLSearchParams,
    headers: Readonly<Record<string, string>>,
    config: { readonly verifyTokens: readonly string[]; readonly secrets: readonly string[] },
  ): HttpAnswer
  /** Business accounts that the body names; cheap and safe on any body, for finding their connections' own secrets. */
  accountsOf(delivery: RawDelivery, parsed?: ParsedBody): readonly string[]
}

export interface SourceRegistry {
  get(name: string): Source | undefined
  names(): readonly string[]
}
