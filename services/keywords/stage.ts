/**
 * Opens a message's text, matches the person's own words against keyword lists, and emits signals. No text leaves this stage:
 * a signal names the flags of the keywords, not the words.
 */

import { decodable } from '../failures.ts'
import { deadLetter, drop, forward, type Outcome } from '../runtime/batch/outcome.ts'
import { headerNames } from '../runtime/batch/record-headers.ts'
import type { Stage } from '../runtime/batch/stage.ts'
import { type Keyring, SealBroken } from '../runtime/keys/keyring.ts'
import { openContent } from '../runtime/keys/sealed-content.ts'
import type { Codec } from '../runtime/topics/codec.ts'
import { type ConsentRule, consentOf, receivedUnderConsent } from '../shared/connections/consent.ts'
import type { Connection, ConnectionDirectory } from '../shared/connections/directory.ts'
import { isPrefilled } from '../shared/connections/prefilled.ts'
import type { AttributedMessage, Signal, TopicRecord } from '../shared/model/topic-values.ts'
import { markOf, noSuppressions, type SuppressionCheck, suppressed } from '../shared/persons/suppressions.ts'
import type { ListsOfConnection } from './lists/active-lists.ts'
import type { ListChoice } from './lists/selection.ts'
import { isMatched } from './own-words.ts'
import { ownTextOf } from './quoted-lines.ts'

/** A flag of a list that a message hit. */
export interface KeywordUse {
  readonly listId: string
  readonly version: number
  /** `raised`: by the active list, so the signal carries the flag; `shadow`: only counted. */
  readonly mode: 'raised' | 'shadow'
  readonly flag: string
}

export interface KeywordTools {
  readonly directory: ConnectionDirectory
  readonly lists: { of(connection: ListChoice): ListsOfConnection }
  readonly codec: Codec
  readonly keyring: Keyring
  /** Unset: by the time of receipt. */
  readonly isUnderConsent?: ConsentRule
  /** Unset: none. */
  readonly suppressions?: SuppressionCheck
  /** Counts the hits of a batch, after its signals are published. */
  readonly count: (uses: readonly KeywordUse[]) => void
}

/**
 * Matches a message's text, if the connection allows it. Adds every hit to `uses`.
 * @returns flags and version of the active list
 * @throws SealBroken
 */
const keywordFlags = (
  { message }: AttributedMessage,
  connection: Connection,
  tools: KeywordTools,
  uses: KeywordUse[],
) => {
  const none = { flags: noFlags, version: null }
  if (message.content === null || connection.dataKey === null || !isMatched(message, connection)) return none
  const { active, shadows } = tools.lists.of(connection)
  if (!active && shadows.length === 0) return none
  const key = tools.keyring.connectionKey(connection.connectionId, connection.dataKey)
  const { text: written } = openContent(message.content, key, message.message)
  if (written === null) return none
  const text = ownTextOf(message.channel, written)
  if (message.direction === 'inbound' && isPrefilled(text, connection.prefilled)) return none
  for (const { listId, version, matcher } of shadows)
    for (const flag of matcher.flags(text)) uses.push({ listId, version, mode: 'shadow', flag })
  if (!active) return none
  const { listId, version, matcher } = active
  const flags = matcher.flags(text)
  for (const flag of flags) uses.push({ listId, version, mode: 'raised', flag })
  return { flags, version }
}

const noFlags: readonly string[] = []

const decideOne = (attributed: AttributedMessage, tools: KeywordTools, uses: KeywordUse[]): Outcome => {
  const { message, startsConversation, trackingId } = attributed
  if (message.backfill) return drop('backfill')
  const connection = tools.directory.byId(message.connectionId)
  if (!connection || connection.status === 'disconnected') return drop('disconnected')
  const { isUnderConsent = receivedUnderConsent, suppressions = noSuppressions } = tools
  if (suppressions.has(message.conversation)) return drop(suppressed)
  if (!isUnderConsent(message, connection)) return drop('consent_ended')
  const isOutbound = message.kind === 'message' && message.direction === 'outbound'
  if (isOutbound && !connection.keywordDirections.includes('outbound')) return drop('outbound')

  const record = (kind: Signal['kind'], flags: readonly string[], version: number | null): TopicRecord => ({
    topic: 'signals',
    key: message.connectionId,
    // A signal contains no more about its message, so the headers carry the start of the latency measure and the consent.
    headers: {
      [headerNames.receivedAt]: String(message.receivedAt),
      [headerNames.consent]: consentOf(connection),
      [headerNames.suppressionMark]: markOf(message.conversation, tools.keyring),
    },
    value: {
      signalId: tools.keyring.signalId(message.connectionId, message.conversation, message.message, kind),
      connectionId: message.connectionId,
      kind,
      flags,
      trackingId,
      occurredAt: message.occurredAt,
      channel: message.channel,
      keywordListVersion: version,
      event: null,
      value: null,
      currency: null,
      origin: attributed.origin,
      countOnly: false,
    },
  })
  if (message.kind === 'order') {
    // Updates of an order keep its signal id, so dispatch sends it once.
    return connection.reportOrders ? forward(record('order', [], null)) : drop('orders_off')
  }
  const records: TopicRecord[] = []
  if (startsConversation) records.push(record('conversation', [], null))
  try {
    const { flags, version } = keywordFlags(attributed, connection, tools, uses)
    if (flags.length > 0) records.push(record('keyword', flags, version))
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
    return deadLetter('seal_broken', 'the content does not open under the key of its connection')
  }
  return records.length > 0 ? forward(...records) : drop('no_signal')
}

export const keywords = (tools: KeywordTools): Stage<AttributedMessage, undefined, KeywordUse> => ({
  name: 'keywords',
  decode: (record) => tools.codec.decode('attributedMessages', record),
  receivedAt: ({ message }) => message.receivedAt,
  connectionOf: (record) =>
    decodable(() => tools.codec.decode('attributedMessages', record).message.connectionId) ?? undefined,
  load: async () => undefined,
  decide: (batch) => {
    const uses: KeywordUse[] = []
    return { outcomes: batch.map(({ value }) => decideOne(value, tools, uses)), changes: uses }
  },
  // A redelivered batch is counted again. That is acceptable: these figures judge a list, they are not signals.
  save: async (uses) => tools.count(uses),
})
