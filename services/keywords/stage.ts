/**
 * Keywords: opens a message's text, matches the person's own words, emits signals. The text ends here: what leaves this stage
 * says that a keyword was used, not what was said.
 */
import type { Connection, ConnectionDirectory } from '../connections/directory.ts'
import { openContent } from '../model/content.ts'
import type { AttributedMessage, Signal, TopicRecord } from '../model/topic-values.ts'
import type { Codec } from '../runtime/codec.ts'
import { headerNames } from '../runtime/origin.ts'
import { deadLetter, drop, forward, type Outcome } from '../runtime/outcome.ts'
import { type Keyring, SealBroken } from '../runtime/sealing.ts'
import type { Stage } from '../runtime/stage.ts'
import type { KeywordLists } from './lists.ts'

export interface KeywordTools {
  readonly directory: ConnectionDirectory
  readonly lists: KeywordLists
  readonly codec: Codec
  readonly keyring: Keyring
}

/** What the connection allows to be looked at, matched. @throws SealBroken */
const keywordFlags = ({ message }: AttributedMessage, connection: Connection, { lists, keyring }: KeywordTools) => {
  const none = { flags: [] as readonly string[], version: null }
  if (!message.hasText || message.content === null || connection.dataKey === null) return none
  if (message.textOrigin === null || !connection.keywordOrigins.includes(message.textOrigin)) return none
  const list = lists.get(connection.keywordListId)
  if (!list) return none
  const { text } = openContent(message.content, keyring.connectionKey(connection.connectionId, connection.dataKey))
  return text === null ? none : { flags: list.matcher.flags(text), version: list.version }
}

const decideOne = (attributed: AttributedMessage, tools: KeywordTools): Outcome => {
  const { message, startsConversation, trackingId } = attributed
  if (message.backfill) return drop('backfill')
  if (message.kind === 'message' && message.direction !== 'inbound') return drop('outbound')
  const connection = tools.directory.byId(message.connectionId)
  if (!connection || connection.status === 'disconnected') return drop('disconnected')

  const record = (kind: Signal['kind'], flags: readonly string[], version: number | null): TopicRecord => ({
    topic: 'signals',
    key: message.connectionId,
    // A signal says nothing else of its message: what end-to-end latency is measured by travels beside it.
    headers: { [headerNames.receivedAt]: String(message.receivedAt) },
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
    const { flags, version } = keywordFlags(attributed, connection, tools)
    if (flags.length > 0) records.push(record('keyword', flags, version))
  } catch (error) {
    if (error instanceof SealBroken)
      return deadLetter('seal_broken', 'the content does not open under the key of its connection')
    throw error
  }
  return records.length > 0 ? forward(...records) : drop('no_signal')
}

export const keywords = (tools: KeywordTools): Stage<AttributedMessage> => ({
  name: 'keywords',
  decode: (record) => tools.codec.decode('attributedMessages', record),
  receivedAt: ({ message }) => message.receivedAt,
  load: async () => undefined,
  decide: (batch) => ({ outcomes: batch.map(({ value }) => decideOne(value, tools)), changes: [] }),
  save: async () => {},
})
