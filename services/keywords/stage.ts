/**
 * Opens a message's text and the name of an outcome, matches them against keyword lists and rules, and emits signals. No text leaves
 * this stage: a signal names the flags of the keywords and the event of a rule, not the words.
 */

import { decodable } from '../failures.ts'
import { deadLetter, drop, forward, type Outcome } from '../runtime/batch/outcome.ts'
import { headerNames } from '../runtime/batch/record-headers.ts'
import type { Stage } from '../runtime/batch/stage.ts'
import { type Keyring, SealBroken } from '../runtime/keys/keyring.ts'
import { openContent, openOutcome } from '../runtime/keys/sealed-content.ts'
import type { Codec } from '../runtime/topics/codec.ts'
import type { StateChange } from '../runtime/versioned-state/store.ts'
import { type ConsentRule, consentMarkOf, consentOf, receivedUnderConsent } from '../shared/connections/consent.ts'
import type { Connection, ConnectionDirectory } from '../shared/connections/directory.ts'
import { isPrefilled } from '../shared/connections/prefilled.ts'
import type { AttributedMessage, Signal, TopicRecord } from '../shared/model/topic-values.ts'
import { markOf, noSuppressions, type SuppressionCheck, suppressed } from '../shared/persons/suppressions.ts'
import type { ListsOfConnection } from './lists/active-lists.ts'
import type { ListChoice } from './lists/selection.ts'
import { isMatched } from './own-words.ts'
import { ownTextOf } from './quoted-lines.ts'
import { judgeByRules, type RuleUse, replacesOrders } from './rule-signals.ts'
import { RuleMemories } from './rule-state/memories.ts'
import type { RuleState } from './rule-state/state.ts'
import { type LoadedRules, loadRules, noRules, type RuleTools, ruleStateRecords } from './rules-of-batch.ts'

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
  /** Unset: no connection has rules. */
  readonly rules?: RuleTools
  /** Counts the hits of a batch, after its signals are published. */
  readonly count: (uses: readonly KeywordUse[]) => void
  /** Counts the rules whose conditions held; unset: they are not counted. */
  readonly countRules?: (uses: readonly RuleUse[]) => void
}

/** What a batch changes: states of conversations, and counts. */
export type KeywordsChange = KeywordUse | RuleUse | StateChange<RuleState>

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

/** What the decision about one message needs beside it. */
interface Deciding {
  readonly tools: KeywordTools
  readonly rules: LoadedRules
  readonly memories: RuleMemories
  readonly uses: KeywordUse[]
  readonly ruleUses: RuleUse[]
}

/** @throws SealBroken */
const outcomeSignals = (
  attributed: AttributedMessage,
  connection: Connection,
  flags: readonly string[],
  index: number,
  { tools: { keyring }, rules, memories, ruleUses }: Deciding,
) => {
  const { message } = attributed
  const sets = rules.sets.get(connection.connectionId)
  if (!sets) return []
  const outcome =
    message.outcome === null || connection.dataKey === null
      ? null
      : openOutcome(
          message.outcome,
          keyring.connectionKey(connection.connectionId, connection.dataKey),
          message.message,
        )
  const before = memories.of(message, consentMarkOf(connection))
  const { signals, state, uses } = judgeByRules(sets, attributed, flags, outcome, before, keyring)
  if (state !== before) memories.set(message, state, index)
  ruleUses.push(...uses)
  return signals
}

const decideOne = (attributed: AttributedMessage, index: number, deciding: Deciding): Outcome => {
  const { tools, rules, uses } = deciding
  const { message, startsConversation, trackingId } = attributed
  if (message.backfill) return drop('backfill')
  const connection = tools.directory.byId(message.connectionId)
  if (!connection || connection.status === 'disconnected') return drop('disconnected')
  const { isUnderConsent = receivedUnderConsent, suppressions = noSuppressions } = tools
  if (suppressions.has(message.conversation)) return drop(suppressed)
  if (!isUnderConsent(message, connection)) return drop('consent_ended')
  const isOutbound = message.kind === 'message' && message.direction === 'outbound'
  if (isOutbound && !connection.keywordDirections.includes('outbound')) return drop('outbound')

  const record = (kind: Signal['kind'], fields: Partial<Signal> = {}): TopicRecord => ({
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
      flags: noFlags,
      trackingId,
      occurredAt: message.occurredAt,
      channel: message.channel,
      keywordListVersion: null,
      event: null,
      value: null,
      currency: null,
      origin: attributed.origin,
      countOnly: false,
      ...fields,
    },
  })
  const isOrder = message.kind === 'order'
  const sets = rules.sets.get(message.connectionId)
  const records: TopicRecord[] = []
  // Updates of an order keep its signal id, so dispatch sends it once.
  if (isOrder && connection.reportOrders && !(sets && replacesOrders(sets))) records.push(record('order'))
  if (startsConversation) records.push(record('conversation'))
  try {
    const { flags, version } = keywordFlags(attributed, connection, tools, uses)
    if (flags.length > 0) records.push(record('keyword', { flags, keywordListVersion: version }))
    for (const fields of outcomeSignals(attributed, connection, flags, index, deciding))
      records.push(record('outcome', fields))
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
    return deadLetter('seal_broken', 'the content does not open under the key of its connection')
  }
  if (records.length > 0) return forward(...records)
  return drop(isOrder && !sets ? 'orders_off' : 'no_signal')
}

const isState = (change: KeywordsChange) => 'state' in change
const isKeywordUse = (change: KeywordsChange) => 'listId' in change
const isRuleUse = (change: KeywordsChange) => 'result' in change

export const keywords = (tools: KeywordTools): Stage<AttributedMessage, LoadedRules, KeywordsChange> => ({
  name: 'keywords',
  decode: (record) => tools.codec.decode('attributedMessages', record),
  receivedAt: ({ message }) => message.receivedAt,
  connectionOf: (record) =>
    decodable(() => tools.codec.decode('attributedMessages', record).message.connectionId) ?? undefined,
  load: async (batch) => (tools.rules ? loadRules(batch, tools.rules, tools.directory) : noRules),
  decide: (batch, { state: rules }) => {
    const memories = new RuleMemories(rules.states)
    const deciding: Deciding = { tools, rules, memories, uses: [], ruleUses: [] }
    const outcomes = batch.map(({ value }, index) => decideOne(value, index, deciding))
    const states = memories.changes()
    const changes = [...deciding.uses, ...deciding.ruleUses, ...states]
    if (states.length === 0) return { outcomes, changes }
    const records = ruleStateRecords(states, batch)
    return {
      changes,
      outcomes: outcomes.map((outcome, index) => {
        const own = records.get(index) ?? []
        if (own.length === 0) return outcome
        return outcome.kind === 'forwarded' ? forward(...outcome.records, ...own) : [forward(...own), outcome]
      }),
    }
  },
  async save(changes) {
    const states = changes.filter(isState)
    if (states.length > 0) await tools.rules?.states.write(states)
    // A redelivered batch is counted again. That is acceptable: these figures judge lists and rules, they are not signals.
    tools.count(changes.filter(isKeywordUse))
    tools.countRules?.(changes.filter(isRuleUse))
  },
})
