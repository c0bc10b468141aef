/** The shape of an explanation: what `signals explain --json` and `POST /admin/v1/explain` give. Times are ms. */
import type { RuleUse } from '../../keywords/rule-signals.ts'
import type { KeywordUse } from '../../keywords/stage.ts'
import type { Kind } from '../../shared/model/message-event.ts'
import type { ConversationOrigin, Message, Pseudonym, Signal } from '../../shared/model/topic-values.ts'
import type { ExplainedTouch, FoundInMessage } from './credit-again.ts'
import type { SignalResult } from './signal-results.ts'

export interface ExplainedSignal
  extends SignalResult,
    Pick<Signal, 'signalId' | 'kind' | 'event' | 'flags' | 'value' | 'currency' | 'occurredAt'> {}

/** The copy of a message that counts. */
export interface FirstCopy {
  /** `topic/partition/offset` */
  readonly delivery: string
  /** Whose mapping read it, or `message-event`; null: the topic does not hold it any more. */
  readonly source: string | null
}

/** One event of a delivery, or a delivery that names the conversation and of which no event was made. */
export interface ExplainedEvent {
  readonly receivedAt: number
  /** `topic/partition/offset`: `signals dead-letters show` takes it. */
  readonly delivery: string
  /** Whose mapping read it, or `message-event`. */
  readonly source: string
  readonly kind: Kind | null
  /** Our id. */
  readonly message: Pseudonym | null
  readonly outcome: 'let_in' | 'dropped' | 'dead_letter' | 'quarantined'
  /** A drop reason of ingest, or the code of a dead letter. */
  readonly reason: string | null
  /** Of a dead letter, the fields and rules that the failure names; null: it is none, or not known. */
  readonly detail: string | null
  readonly firstCopy: FirstCopy | null
}

/** What only `--show-text` gives. */
export interface ShownContent {
  readonly text: string | null
  readonly links: readonly string[]
  /** The name of an outcome. */
  readonly outcome: string | null
}

/** What cannot be known, or not any more. */
export interface ExplanationGaps {
  /** Broker time of the oldest record that the topic still holds where earlier ones are gone; null: none is. */
  readonly deliveriesSince: number | null
  readonly messagesSince: number | null
  /** Deliveries of the account that cannot be opened any more: the consent under which they came has ended. */
  readonly unreadableDeliveries: number
  /** Redis did not answer, so copies were not recognised. */
  readonly areCopiesUnknown: boolean
}

export interface ExplainedMessage
  extends Pick<
      Message,
      'occurredAt' | 'receivedAt' | 'message' | 'kind' | 'direction' | 'sender' | 'textOrigin' | 'conversation'
    >,
    Omit<FoundInMessage, 'isSealBroken'> {
  /** null: attribution has not passed it on. */
  readonly attribution: {
    readonly trackingId: string | null
    readonly origin: ConversationOrigin
    readonly startsConversation: boolean
    readonly inboundMessages: number | null
    readonly touches: readonly ExplainedTouch[]
  } | null
  readonly keywords: readonly KeywordUse[]
  readonly rules: readonly Pick<RuleUse, 'event' | 'mode' | 'result'>[]
  readonly signals: readonly ExplainedSignal[]
  /** Why it made no signal: a reason of the stages' drops, or one of `reasons`; null: it made one. */
  readonly reason: string | null
  /** The code under which attribution or keywords put it aside; null: none did. A redrive may have followed. */
  readonly deadLetter: string | null
  /** The fields and rules that its failure names; null: it is not put aside, or not known. */
  readonly deadLetterDetail: string | null
  /** When its wait for a referral ends; null: it does not wait. */
  readonly waitsUntil: number | null
  /** null: not asked for, or it does not open. */
  readonly shown: ShownContent | null
}

export interface ConversationExplanation {
  readonly connectionId: string
  readonly status: string
  /** null: a delivery names the message that was asked for, and no event was made of it. */
  readonly conversation: Pseudonym | null
  /** Other ids of the conversation that are known. */
  readonly aliases: readonly Pseudonym[]
  /** Asked to be forgotten: nothing of it is taken on. */
  readonly isForgotten: boolean
  readonly source: string
  /** Why ingest puts the account's records aside; null: it does not. */
  readonly quarantine: { readonly since: number; readonly why: string } | null
  /** What came of the conversation under the id that was asked for, and what ingest made of it, by receipt. */
  readonly received: readonly ExplainedEvent[]
  /** By receipt. */
  readonly messages: readonly ExplainedMessage[]
  /** Signals of the conversation that were made, and that none of these messages would make by the settings of now. */
  readonly otherSignals: readonly ExplainedSignal[]
  readonly gaps: ExplanationGaps
}
