/**
 * Keywords: opens a message's text, matches the person's own words, emits signals. The text ends here: what leaves this stage
 * says that a keyword was used, not what was said.
 */

import { deadLetter, drop, forward, type Outcome } from '../runtime/batch/outcome.ts'
import { headerNames } from '../runtime/batch/record-headers.ts'
import type { Stage } from '../runtime/batch/stage.ts'
import { type Keyring, SealBroken } from '../runtime/keys/keyring.ts'
import { openContent } from '../runtime/keys/sealed-content.ts'
import type { Codec } from '../runtime/topics/codec.ts'
import { consentOf, isOfEndedConsent } from '../shared/connections/consent.ts'
import type { Connection, ConnectionDirectory } from '../shared/connections/directory.ts'
import type { AttributedMessage, Message, Signal, TopicRecord } from '../shared/model/topic-values.ts'
import type { ListsOfConnection } from './lists/active-lists.ts'
import type { ListChoice } from './lists/selection.ts'

/** A flag that a message raised by a list, or would have raised by one that only counts. */
export interface KeywordUse {
  readonly listId: string
  readonly version: number
  readonly mode: 'raised' | 'shadow'
  readonly flag: string
}

export interface KeywordTools {
  readonly directory: ConnectionDirectory
  readonly lists: { of(connection: ListChoice): ListsOfConnection }
  readonly codec: Codec
  readonly keyring: Keyring
  /** Counts what was found; called once a batch, when its signals are published. */
  readonly count: (uses: readonly KeywordUse[]) => void
}

/** Whose words the connection looks at. Edits and deletions are nobody's use of a word. */
const isLookedAt = ({ kind, direction, textOrigin, hasText }: Message, connection: Connection) =>
  hasText &&
  kind === 'message' &&
  textOrigin !== null &&
  connection.keywordOrigins.includes(textOrigin) &&
  connection.keywordDirections.includes(direction)

/** What the connection allows to be looked at, matched. @throws SealBroken */
const keywordFlags = (
  { message }: AttributedMessage,
  connection: Connection,
  tools: KeywordTools,
  uses: KeywordUse[],
) => {
  const none = { flags: noFlags, version: null }
  if (message.content === null || connection.dataKey === null || !isLookedAt(message, connection)) return none
  const { raising, shadows } = tools.lists.of(connection)
  if (!raising && shadows.length === 0) return none
  const key = tools.keyring.connectionKey(connection.connectionId, connection.dataKey)
  const { text } = openContent(message.content, key)
  if (text === null) return none
  for (const { listId, version, matcher } of shadows)
    for (const flag of matcher.flags(text)) uses.push({ listId, version, mode: 'shadow', flag })
  if (!raising) return none
  const { listId, version, matcher } = raising
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
  const ours = message.kind === 'message' && message.direction === 'outbound'
  if (ours && !connection.keywordDirections.includes('outbound')) return drop('outbound')

  const record = (kind: Signal['kind'], flags: readonly string[], version: number | null): TopicRecord => ({
    topic: 'signals',
    key: message.connectionId,
    // A signal says nothing else of its message: what latency is measured by and whose consent it was travel beside it.
    headers: {
      [headerNames.receivedAt]: String(message.receivedAt),
      [headerNames.consent]: consentOf(connection),
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
    },
  })
  if (message.kind === 'order') {
    // One id per order, however often it is updated: dispatch sends it once.
    return connection.reportOrders ? forward(record('order', [], null)) : drop('orders_off')
  }
  const records: TopicRecord[] = []
  if (startsConversation) records.push(record('conversation', [], null))
  try {
    const { flags, version } = keywordFlags(attributed, connection, tools, uses)
    if (flags.length > 0) records.push(record('keyword', flags, version))
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
    if (isOfEndedConsent(message, connection)) return drop('consent_ended')
    return deadLetter('seal_broken', 'the content does not open under the key of its connection')
  }
  return records.length > 0 ? forward(...records) : drop('no_signal')
}

export const keywords = (tools: KeywordTools): Stage<AttributedMessage, undefined, KeywordUse> => ({
  name: 'keywords',
  decode: (record) => tools.codec.decode('attributedMessages', record),
  receivedAt: ({ message }) => message.receivedAt,
  load: async () => undefined,
  decide: (batch) => {
    const uses: KeywordUse[] = []
    return { outcomes: batch.map(({ value }) => decideOne(value, tools, uses)), changes: uses }
  },
  // A batch that is read again is counted again: figures to judge a list by, not signals.
  save: async (uses) => tools.count(uses),
})
