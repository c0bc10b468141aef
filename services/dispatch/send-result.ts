/** What `load` found out about each signal of a batch: the state that `decide` judges. */
import type { Signal } from '../shared/model/topic-values.ts'
import type { Delay } from '../topology.ts'

/** TikTok has spoken for good. */
export interface FinalResult {
  readonly outcome: 'accepted' | 'duplicate' | 'rejected'
  readonly code: number
  /** null also where the answer is remembered from before: marks do not hold it. */
  readonly requestId: string | null
  readonly attempt: number
  /** When the call began, ms; null where it is not remembered. */
  readonly sentAt: number | null
  /** When the answer was there, ms. */
  readonly at: number
}

/** Why a connection's signals wait for a person. */
export type BlockedReason = 'paused' | 'reconnect' | 'token_unreadable'

export type SendResult =
  | ({ readonly kind: 'settled' } & FinalResult)
  /** Settled before, with its delivery record published: nothing is left to do. */
  | { readonly kind: 'recorded' }
  /** Another copy of it stands further ahead in the batch, and what becomes of that one is what becomes of the signal. */
  | { readonly kind: 'repeated' }
  /** Sent, or as good as sent, and not taken this time: the attempt counts. */
  | { readonly kind: 'refused'; readonly unknownCode: boolean; readonly reason: string }
  /** Not sent, because its advertiser is in trouble: the attempt does not count. */
  | { readonly kind: 'held'; readonly delay: Delay; readonly reason: string }
  | { readonly kind: 'standstill'; readonly reason: BlockedReason }
  /** The connections table does not (yet) name the connection. */
  | { readonly kind: 'connectionUnknown' }
  | { readonly kind: 'withheld' }
  | { readonly kind: 'expired' }

/** About one event of a signal; most signals are one. */
export interface PartResult {
  readonly result: SendResult
  /** True where it was settled before and the signal's delivery record is published. */
  readonly recorded: boolean
}

export interface DispatchState {
  /** For each signal of the batch, in order, its parts; none for a copy of one further ahead in it. */
  readonly parted: readonly (readonly { readonly signal: Signal; readonly found: PartResult }[])[]
}
