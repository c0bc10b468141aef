/** The shape of an explanation: what `signals explain --json` and `POST /admin/v1/explain` give. Times are ms. */
import type { RuleUse } from '../../keywords/rule-signals.ts'
import type { KeywordUse } from '../../keywords/stage.ts'
import type { ConversationOrigin, Message, Pseudonym, Signal } from '../../shared/model/topic-values.ts'
import type { ExplainedTouch, FoundInMessage } from './credit-again.ts'
import type { SignalResult } from './signal-results.ts'

export interface ExplainedSignal
  extends SignalResult,
    Pick<Signal, 'signalId' | 'kind' | 'event' | 'flags' | 'value' | 'currency' | 'occurredAt'> {}

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
  /** When its wait for a referral ends; null: it does not wait. */
  readonly waitsUntil: number | null
}

export interface ConversationExplanation {
  readonly connectionId: string
  readonly status: string
  readonly conversation: Pseudonym
  /** Other ids of the conversation that are known. */
  readonly aliases: readonly Pseudonym[]
  /** Asked to be forgotten: nothing of it is taken on. */
  readonly isForgotten: boolean
  /** By receipt. */
  readonly messages: readonly ExplainedMessage[]
  /** Signals of the conversation that were made, and that none of these messages would make by the settings of now. */
  readonly otherSignals: readonly ExplainedSignal[]
}
