/**
 * The port of a destination: an advertising platform that takes events by HTTP calls. TikTok (`tiktok/`) is the only one today.
 * `config.ts` and `wiring.ts` name it; everything else in dispatch knows this port alone.
 */
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'
import type { Signal } from '../../shared/model/topic-values.ts'

/** One HTTP response, or why there is none. */
export type Answer =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  | { readonly kind: 'failed'; readonly reason: TransportFailure }
export type TransportFailure = 'timeout' | 'reset' | 'unreachable' | 'too_long'

/** What an answer means for the call's events, see `verdicts` in tiktok/codes.ts for TikTok's. */
export const knownVerdicts = [
  'accepted',
  'duplicate',
  'partial',
  'too_many',
  'bad_event',
  'throttled',
  'service',
  'token',
  'authorisation',
  'unknown',
] as const
export type Verdict = (typeof knownVerdicts)[number]

/** Whose limit of calls per second. */
export type LimitScope = 'app' | 'advertiser'

export interface Judgement {
  readonly verdict: Verdict
  /** null: the answer is not in the destination's form. */
  readonly code: number | null
  readonly requestId: string | null
  /** For metrics and the deferred record: a closed set, never text of the answer. */
  readonly reason: string
  /** Positions in the call that the message names as faulty: a hint, verified before dispatch acts on it. */
  readonly hints: readonly number[]
  /** Whose limit a `throttled` answer is about; absent for other verdicts. */
  readonly limit?: LimitScope
}

export interface CallRequest {
  readonly headers: Readonly<Record<string, string>>
  /** UTF-8 */
  readonly body: string
}

export interface Destination {
  readonly name: string
  /** In front of this destination's Redis keys. Empty for TikTok: its keys are older than this port and must not change. */
  readonly keyPrefix: string
  /** Address of every call. */
  readonly url: string
  /** Limits that the destination documents. */
  readonly limits: { readonly eventsPerCall: number }
  /** The events that a signal is sent as, each with its own id; undefined: one event, the signal itself. */
  readonly parts: ((signal: Signal) => readonly Signal[]) | undefined
  /** Whether the destination has a form for such a signal. */
  encodes(signal: Pick<Signal, 'kind'>): boolean
  /** One call for events of one connection. @throws Error for a signal without a form */
  encode(
    connection: Pick<ConnectionRecord, 'eventSetId' | 'testEventCode'>,
    token: string,
    signals: readonly Signal[],
  ): CallRequest
  judge(answer: Answer): Judgement
  /**
   * Positions of the smaller calls that replace a call of `size` events; null: the judgement is final for the whole call.
   * @param hinted the call was itself separated by a hint
   */
  split(size: number, judgement: Judgement, hinted?: boolean): number[][] | null
  /** Metric label of a judgement: a closed set. */
  labelOf(judgement: Judgement): string
}
