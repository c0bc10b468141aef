/** What the scheduler and its deliveries work with; `wiring.ts` builds it. */
import type { Timers } from '../../runtime/ports.ts'
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'
import type { Signal } from '../../shared/model/topic-values.ts'
import type { BreakerRegistry } from '../circuit-breaker/registry.ts'
import type { Answer, CallRequest, Destination, Judgement } from '../destinations/destination.ts'
import type { RateLimiter } from '../limits/rate-limiter.ts'
import type { Semaphore } from '../limits/semaphore.ts'
import type { SentLog } from '../sent-log/sent-log.ts'
import type { FinalResult, SendResult } from '../signal/send-result.ts'
import type { PendingEvent } from './batches.ts'
import type { Eligibility } from './eligibility.ts'
import type { RttEstimator } from './rtt-estimator.ts'

export interface Call {
  readonly connectionId: string
  readonly events: number
  readonly judgement: Judgement
  readonly ms: number
  /** True when the call had to wait for a slot. */
  readonly waited: boolean
}

export interface ConnectionDeliveryTools {
  readonly destination: Pick<Destination, 'encode' | 'judge' | 'split'>
  eligibilityOf(connectionId: string): Eligibility
  post(request: CallRequest, signals: readonly Signal[]): Promise<Answer>
  readonly sentLog: Pick<SentLog, 'write'>
  markReconnect(connection: ConnectionRecord, code: number): Promise<void>
  readonly breakers: Pick<BreakerRegistry, 'ask' | 'failed' | 'slow' | 'recovered'>
  readonly rateLimiter: Pick<RateLimiter, 'pass'>
  /** The destination refuses calls as too many. */
  throttled(connection: ConnectionRecord, judgement: Judgement): Promise<void>
  readonly rtt: Pick<RttEstimator, 'now' | 'observe'>
  readonly semaphore: Semaphore
  readonly eventsPerCall: number
  /** How long after the detachment calls may begin, ms: they must have ended before the deferred signals come back. */
  readonly detachedMs: number
  now(): number
  readonly timers: Pick<Timers, 'after'>
  /** Runs the task after the input that lies in the sockets already. */
  afterPendingInput(task: () => void): void
  /** After each call: metrics and log. */
  observe?(call: Call): void
  onFinal?(signal: Signal, result: FinalResult): void
}

export type Report = (event: PendingEvent, result: SendResult) => void
