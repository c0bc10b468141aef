/** The result of sending one signal: `load` collects these as the state that `decide` judges. */
import type { Signal } from '../../shared/model/topic-values.ts'
import type { Delay } from '../../topology.ts'

/** The destination's final answer about one event. */
export interface FinalResult {
  readonly outcome: 'accepted' | 'duplicate' | 'rejected'
  readonly code: number
  /** null also for an answer read from the sent log, which does not store it. */
  readonly requestId: string | null
  readonly attempt: number
  /** When the call began, ms; null when the sent log does not know it. */
  readonly sentAt: number | null
  /** When the answer arrived, ms. */
  readonly at: number
  /** Sent as a test, which nothing counts; unset: not. */
  readonly isTest?: boolean
}

/** Why a connection's signals wait for a person. */
export type BlockedReason = 'paused' | 'reconnect' | 'token_unreadable'

export type SendResult =
  | ({ readonly kind: 'final' } & FinalResult)
  /** Final earlier, and its delivery record is published: nothing is left to do. */
  | { readonly kind: 'recorded' }
  /** A copy of a signal earlier in the batch, whose outcome counts for both. */
  | { readonly kind: 'repeated' }
  /** Sent, or in a call that is under way, and not accepted this time: the attempt counts. */
  | { readonly kind: 'refused'; readonly unknownCode: boolean; readonly reason: string }
  /** Not sent, because calls to its advertiser fail: the attempt does not count. */
  | { readonly kind: 'notAttempted'; readonly delay: Delay; readonly reason: string }
  | { readonly kind: 'blocked'; readonly reason: BlockedReason }
  /** The connections table does not (yet) hold the connection. */
  | { readonly kind: 'connectionUnknown' }
  | { readonly kind: 'withheld' }
  /** For reports only: it is never sent. */
  | { readonly kind: 'counted' }
  | { readonly kind: 'expired' }

/** About one event of a signal; most signals are one event. */
export interface PartResult {
  readonly result: SendResult
  /** True when the result was final earlier and the signal's delivery record is published. */
  readonly recorded: boolean
}

export interface DispatchState {
  /** For each signal of the batch, in order, its events; empty for a copy of a signal earlier in the batch. */
  readonly events: readonly (readonly { readonly event: Signal; readonly result: PartResult }[])[]
}
