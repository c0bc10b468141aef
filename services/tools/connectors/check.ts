/**
 * Judges the message events that a connector has written, in their order: what is refused, what arrives too late to count, what never leads to
 * a signal. Pure; texts and ids of persons stay inside.
 */

import {
  eventProblemsOf,
  type MessageEvent,
  maxTextLength,
  messageEventSchema,
} from '../../shared/model/message-event.ts'
import { plainIssue } from '../../shared/text/plain-issue.ts'
import { type ConnectorProblem, ConnectorProblems } from './problems.ts'

export interface WrittenEvent {
  /** Where it is: `line 3`, or `topic/partition/offset`. */
  readonly place: string
  /** As it was written, decoded from JSON or Avro; undefined: ingest refuses it. */
  readonly value: unknown
  /** Why ingest refuses it, as its dead letter says; unset: it is neither JSON nor Avro of the registry. */
  readonly refusal?: { readonly what: string; readonly remedy: string }
  /** When the broker took it, ms; unset: unknown. */
  readonly writtenAt?: number
  /** Of the record; undefined: there is none, as in a file. */
  readonly key?: string | null
  readonly partition?: number
  /** Where the partitioner of the pipeline's own clients puts this key. */
  readonly expectedPartition?: number
}

export interface ConnectorCheck {
  readonly events: number
  readonly accounts: number
  readonly conversations: number
  /** Conversations that a person's message starts: as many conversation signals at most. */
  readonly starts: number
  /** Of those, how many have a referral or a link that may hold a tracking ID. */
  readonly withReferral: number
  readonly problems: readonly ConnectorProblem[]
}

/** Judges whether an account has a connection; null: cannot be known here. */
export type HasConnection = ((source: string, accountId: string) => boolean) | null

interface Conversation {
  /** Time of the earliest inbound message of a person so far; null: none yet. */
  startedAt: number | null
  hasReferral: boolean
}

const unreadable = { what: 'neither JSON nor Avro of the registry', remedy: 'docs/connectors names both forms' }
/** What TikTok refuses, and what dispatch drops by default (DISPATCH_EXPIRE_DAYS). */
const futureMs = 300_000
const expiredMs = 28 * 24 * 3_600_000
/** Accounts that are named each; a connector that has no connection at all writes for thousands. */
const namedAccounts = 20

const contractFields = new Set(Object.keys(messageEventSchema.shape))
const startsConversation = ({ kind, direction, sender, backfill }: MessageEvent) =>
  kind === 'message' && direction === 'inbound' && sender !== 'agent' && sender !== 'bot' && !backfill

export class ConnectorChecker {
  readonly #problems = new ConnectorProblems()
  readonly #hasConnection: HasConnection
  readonly #accounts = new Map<string, { place: string; started: boolean; known: boolean }>()
  readonly #conversations = new Map<string, Conversation>()
  readonly #unconnected = new Set<string>()
  readonly #seen = new Map<string, string>()
  #events = 0

  constructor(hasConnection: HasConnection) {
    this.#hasConnection = hasConnection
  }

  add(written: WrittenEvent): void {
    this.#events += 1
    const { place, value } = written
    if (value === undefined) {
      const { what, remedy } = written.refusal ?? unreadable
      this.#problems.add('error', what, remedy, place)
      return
    }
    const { data: event, error } = messageEventSchema.safeParse(value, { error: plainIssue })
    if (!event) {
      for (const { field, problem } of eventProblemsOf(error))
        this.#problems.add('error', `${field}: ${problem}`, 'the event is refused: mend the field', place)
      return
    }
    this.#lookAtFields(value as Record<string, unknown>, event, place)
    this.#lookAtKey(event, written)
    this.#lookAtAccount(event, place)
    this.#lookAtTime(event, written)
    if (this.#isRepeated(event, place)) return
    this.#lookAtOrder(event, place)
  }

  result(): ConnectorCheck {
    for (const { place, started, known } of this.#accounts.values())
      if (known && !started)
        this.#problems.add(
          'warning',
          'an account without a single inbound message of a person: nothing of it is ever reported',
          'check direction, sender, kind and backfill',
          place,
        )
    const started = [...this.#conversations.values()].filter(({ startedAt }) => startedAt !== null)
    return {
      events: this.#events,
      accounts: this.#accounts.size,
      conversations: this.#conversations.size,
      starts: started.length,
      withReferral: started.filter(({ hasReferral }) => hasReferral).length,
      problems: this.#problems.list(),
    }
  }

  #lookAtFields(value: Record<string, unknown>, { kind, referral }: MessageEvent, place: string) {
    const warn = (what: string, remedy: string) => this.#problems.add('warning', what, remedy, place)
    if (Object.keys(value).some((name) => !contractFields.has(name)))
      warn('fields that the contract does not know are ignored', 'compare the names with contracts, section 1')
    if (typeof value.text === 'string' && value.text.length > maxTextLength)
      warn(`a text over ${maxTextLength} characters is cut`, 'nothing to do where that is meant')
    if (value.text && !value.textOrigin)
      warn('a text without textOrigin raises no keyword', 'set `typed` or `caption` for the own words of a person')
    if (kind === 'referral' && referral === null)
      warn('a referral event without a referral joins ids only', 'set `referral`, if an ad or link is known')
  }

  #lookAtKey({ accountId }: MessageEvent, { key, partition, expectedPartition, place }: WrittenEvent) {
    if (key === undefined) return
    if (key !== accountId)
      return this.#problems.add(
        'warning',
        'the key is not accountId: events of an account may overtake one another',
        'key by accountId (docs/connectors/kafka.md)',
        place,
      )
    if (expectedPartition !== undefined && partition !== expectedPartition)
      this.#problems.add(
        'warning',
        'another partitioner than murmur2 chose the partition',
        'librdkafka: partitioner=murmur2_random (docs/connectors/kafka.md)',
        place,
      )
  }

  #lookAtAccount(event: MessageEvent, place: string) {
    const { source, accountId } = event
    const id = `${source}\n${accountId}`
    const account = this.#accounts.get(id) ?? {
      place,
      started: false,
      known: this.#hasConnection?.(source, accountId) ?? true,
    }
    if (startsConversation(event)) account.started = true
    this.#accounts.set(id, account)
    if (account.known) return
    this.#unconnected.add(id)
    const isNamed = this.#unconnected.size <= namedAccounts
    const what = isNamed ? `account ${accountId} of ${source} has no connection` : 'further accounts have no connection'
    this.#problems.add('error', `${what}: dropped`, 'signals connections add --file FILE', place)
  }

  #lookAtTime({ occurredAt }: MessageEvent, { writtenAt, place }: WrittenEvent) {
    if (writtenAt === undefined) return
    if (occurredAt > writtenAt + futureMs)
      this.#problems.add(
        'error',
        'occurredAt is over 5 minutes ahead of the broker: TikTok refuses such a time',
        'set it to when the message was written, and synchronise the clock',
        place,
      )
    if (occurredAt < writtenAt - expiredMs)
      this.#problems.add(
        'error',
        'occurredAt is over 28 days before the event was written: its signal expires (DISPATCH_EXPIRE_DAYS)',
        'history is for `signals replay --file`; TikTok counts nothing so old',
        place,
      )
  }

  #isRepeated(event: MessageEvent, place: string): boolean {
    const { source, accountId, messageId, kind, revision } = event
    const id = JSON.stringify([source, accountId, messageId, kind, revision])
    const content = JSON.stringify(event)
    const earlier = this.#seen.get(id)
    this.#seen.set(id, earlier ?? content)
    if (earlier === undefined) return false
    if (earlier !== content)
      this.#problems.add(
        'error',
        'two different events have one messageId: only the first counts',
        'give each message an id of its own; an edit has kind `edit` and a revision',
        place,
      )
    return true
  }

  #lookAtOrder(event: MessageEvent, place: string) {
    const id = JSON.stringify([event.source, event.accountId, event.conversationId])
    const conversation = this.#conversations.get(id) ?? { startedAt: null, hasReferral: false }
    this.#conversations.set(id, conversation)
    const { referral, occurredAt, links } = event
    if (referral !== null && conversation.startedAt !== null && occurredAt <= conversation.startedAt)
      this.#problems.add(
        'error',
        'a referral comes behind the message that it led to: the start is credited to no ad',
        'write the referral first, by the same way and with the same key',
        place,
      )
    if (conversation.startedAt === null && (referral !== null || links.length > 0)) conversation.hasReferral = true
    if (startsConversation(event)) conversation.startedAt = Math.min(conversation.startedAt ?? occurredAt, occurredAt)
  }
}
