/** What `load` found out about each signal of a batch: the state that `decide` judges. */
import type { Delay } from '../topology.ts'

/** TikTok has spoken for good. */
export interface Settled {
  readonly outcome: 'accepted' | 'duplicate' | 'rejected'
  readonly code: number
  /** null also where the answer is remembered from before: marks do not hold it. */
  readonly requestId: string | null
  readonly attempt: number
  /** When the answer was there, ms. */
  readonly at: number
}

/** Why a connection's signals wait for a person. */
export type Standstill = 'paused' | 'reconnect' | 'token_unreadable'

export type Finding =
  | ({ readonly kind: 'settled' } & Settled)
  /** Settled before, with its delivery record published: nothing is left to do. */
  | { readonly kind: 'recorded' }
  /** Another copy of it stands further ahead in the batch, and what becomes of that one is what becomes of the signal. */
  | { readonly kind: 'repeated' }
  /** Sent, or as good as sent, and not taken this time: the attempt counts. */
  | { readonly kind: 'refused'; readonly unknownCode: boolean; readonly reason: string }
  /** Not sent, because its advertiser is in trouble: the attempt does not count. */
  | { readonly kind: 'held'; readonly delay: Delay; readonly reason: string }
  | { readonly kind: 'standstill'; readonly reason: Standstill }
  /** The connections table does not (yet) name the connection. */
  | { readonly kind: 'connectionUnknown' }
  | { readonly kind: 'withheld' }
  | { readonly kind: 'expired' }

export interface DispatchState {
  /** One per signal of the batch, in order. */
  readonly findings: readonly Finding[]
}
