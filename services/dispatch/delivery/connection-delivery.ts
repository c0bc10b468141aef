/**
 * Sends one connection's signals, call after call, and reports what was found out about each.
 *
 * In the main lane nobody waits for a slow advertiser: past the patience its signals are deferred, and the calls go on behind the
 * batch. Each answer is noted in the sent-marks, where the deferred record finds it when it comes back. A crash meanwhile
 * sends again, under the same ids, what has no mark. No call begins so late that the deferred record might meet it.
 */
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'
import type { Signal } from '../../shared/model/topic-values.ts'
import type { BreakerRegistry } from '../circuit-breaker/registry.ts'
import { type Answer, type Judgement, judge, split } from '../destinations/tiktok/index.ts'
import type { TrafficClass } from '../limits/priority.ts'
import type { Passage, RateLimiter } from '../limits/rate-limiter.ts'
import type { Semaphore } from '../limits/semaphore.ts'
import type { FinalResult, SendResult } from '../send-result.ts'
import type { SentLog } from '../sent-log/sent-log.ts'
import { chunk, type PendingEvent } from './batches.ts'
import { type Eligibility, underConsent } from './eligibility.ts'
import type { RttEstimator } from './rtt-estimator.ts'

export interface Call {
  readonly connectionId: string
  readonly events: number
  readonly judgement: Judgement
  readonly ms: number
  /** For a slot. */
  readonly waited: boolean
}

export interface ConnectionDeliveryTools {
  /** Looked up anew before every call. */
  eligibilityOf(connectionId: string): Eligibility
  post(connection: ConnectionRecord, token: string, signals: readonly Signal[]): Promise<Answer>
  readonly sentLog: Pick<SentLog, 'write'>
  markReconnect(connection: ConnectionRecord, code: number): Promise<void>
  readonly breakers: Pick<BreakerRegistry, 'ask' | 'failed' | 'slow' | 'recovered'>
  readonly rateLimiter: Pick<RateLimiter, 'pass'>
  /** TikTok says that there are too many calls. */
  throttled(connection: ConnectionRecord, judgement: Judgement): Promise<void>
  readonly rtt: Pick<RttEstimator, 'now' | 'observe'>
  readonly semaphore: Semaphore
  readonly eventsPerCall: number
  /** How long after its deferral a call may still begin, ms: it must have ended before the record comes back. */
  readonly detachedMs: number
  now(): number
  /** After each call: metrics and log. */
  observe?(call: Call): void
  onFinal?(signal: Signal, settled: FinalResult): void
}

export type Report = (due: PendingEvent, finding: SendResult) => void

const heldFor = '10s'
/** The app's limit is everybody's: waiting for it is not waiting for one advertiser. */
const appPatienceMs = 30_000

/** One connection's turn in one batch. */
export class ConnectionDelivery {
  readonly #tools: ConnectionDeliveryTools
  readonly #connectionId: string
  readonly #lane: TrafficClass
  readonly #report: Report
  readonly #open: Set<PendingEvent>
  #stopped: SendResult | null = null
  /** How long the batch has waited for this advertiser's limit, ms. */
  #limitedMs = 0
  /** No call begins after this, ms; null while the batch waits. */
  #startBy: number | null = null
  #letGo: () => void = () => {}
  /** Resolves when the batch need not wait any longer for this connection, done or not. */
  readonly enough: Promise<void>
  readonly done: Promise<void>

  /** @param startBy for signals that are deferred already: nobody waits, and no call begins after this, ms */
  constructor(
    tools: ConnectionDeliveryTools,
    connectionId: string,
    group: readonly PendingEvent[],
    lane: TrafficClass,
    report: Report,
    startBy: number | null = null,
  ) {
    this.#tools = tools
    this.#connectionId = connectionId
    this.#lane = lane
    this.#report = report
    this.#startBy = startBy
    this.#open = new Set(startBy === null ? group : [])
    const impatience = new Promise<void>((resolve) => {
      this.#letGo = resolve
    })
    this.done = this.#run(group)
    this.enough = Promise.race([this.done, impatience])
  }

  /** True once the batch has gone on without it. */
  get isDetached(): boolean {
    return this.#startBy !== null
  }

  /** True when the connection should not be sent to any more for now. */
  get hasStopped(): boolean {
    return this.#stopped !== null
  }

  async #run(group: readonly PendingEvent[]) {
    for (const call of chunk(group, this.#tools.eventsPerCall)) await this.#pursue(call, await this.#send(call))
  }

  /** Anew for each call, by the consent that its signals were made under. */
  #standing(call: readonly PendingEvent[]): Eligibility {
    const { consent } = call.find(({ consent }) => consent !== undefined) ?? {}
    return underConsent(this.#tools.eligibilityOf(this.#connectionId), consent)
  }

  /** Everything that keeps a call from being made; null: nothing. */
  async #obstacle(call: readonly PendingEvent[]): Promise<SendResult | null> {
    if (this.#stopped) return this.#stopped
    const found = this.#standing(call)
    if (!found.may) return found.finding
    const passage = await this.#pass(found.connection.advertiserId)
    if (passage === 'passed') return null
    this.#stopped ??= { kind: 'held', delay: heldFor, reason: `limit_${passage}` }
    return this.#stopped
  }

  /** Waits for the limits: the batch only for a moment, then this goes on behind it at the pace that they allow. */
  async #pass(advertiserId: string): Promise<Passage> {
    const { rateLimiter, now, rtt } = this.#tools
    const pass = (advertiser: number) =>
      rateLimiter.pass(advertiserId, this.#lane, { app: appPatienceMs, advertiser: Math.max(0, advertiser) })
    if (this.#startBy !== null) return pass(this.#startBy - now())
    const began = now()
    const passage = await pass(this.#lane === 'main' ? rtt.now - this.#limitedMs : rtt.now)
    this.#limitedMs += now() - began
    if (passage !== 'advertiser' || this.#lane !== 'main') return passage
    this.#detach([], 'limit_advertiser')
    return pass(this.#tools.detachedMs)
  }

  /**
   * Sends, unless it may not. null: every event is reported; otherwise what to pursue in parts. The slot is held until the
   * answer is noted, so that what a crash sends again is bounded by the slots.
   */
  async #send(call: readonly PendingEvent[]): Promise<Judgement | null> {
    const obstacle = await this.#obstacle(call)
    if (obstacle) return this.#tell(call, obstacle)
    const { semaphore, post, now, rtt } = this.#tools
    return semaphore.run(async (waited) => {
      if (this.#startBy !== null && now() > this.#startBy) return null
      // Once more: it may have changed while this waited for the limits and for a slot.
      const found = this.#standing(call)
      if (!found.may) return this.#tell(call, found.finding)
      const { connection, token } = found
      const stopWaiting = this.#lane === 'main' && !this.isDetached ? this.#untilImpatient(call) : () => {}
      const usual = rtt.now
      const startedAt = now()
      const answer = await post(
        connection,
        token,
        call.map(({ signal }) => signal),
      )
      stopWaiting()
      const judgement = judge(answer)
      const ms = now() - startedAt
      this.#tools.observe?.({ connectionId: this.#connectionId, events: call.length, judgement, ms, waited })
      if (answer.kind === 'answered') rtt.observe(ms)
      await this.#remember(connection, judgement, ms > usual)
      if (split(call.length, judgement)) return judgement
      await this.#conclude(call, judgement, startedAt)
      return null
    })
  }

  /** What the answer means for whether to go on with this connection. */
  async #remember(connection: ConnectionRecord, judgement: Judgement, wasSlow: boolean) {
    const { breakers, now, throttled, markReconnect } = this.#tools
    const { verdict, reason } = judgement
    switch (verdict) {
      case 'throttled':
      case 'service':
        this.#stopped ??= { kind: 'held', delay: heldFor, reason }
        breakers.failed(this.#connectionId, { throttled: verdict === 'throttled', cause: reason }, now())
        if (verdict === 'throttled') await throttled(connection, judgement)
        return
      case 'token':
      case 'authorisation':
        breakers.recovered(this.#connectionId)
        return markReconnect(connection, judgement.code as number)
      default:
        if (wasSlow) breakers.slow(this.#connectionId, now())
        else breakers.recovered(this.#connectionId)
    }
  }

  /** A call that was not taken as a whole: its parts. */
  async #pursue(call: readonly PendingEvent[], judgement: Judgement | null, hinted = false): Promise<void> {
    const places = judgement && split(call.length, judgement, hinted)
    if (!places) return
    const parts = places.map((part) => part.map((place) => call[place] as PendingEvent))
    if (judgement.verdict !== 'unknown') {
      const byHint = !hinted && judgement.hints.length > 0
      for (const part of parts) await this.#pursue(part, await this.#send(part), byHint)
      return
    }
    // A code that nobody knows may be about one event, as a bad one is, or about all: if both halves get it, it is about all.
    const answers: (Judgement | null)[] = []
    for (const part of parts) answers.push(await this.#send(part))
    const aboutAll = answers.every((answer) => answer?.verdict === 'unknown')
    for (const [index, part] of parts.entries()) {
      const answer = answers[index] as Judgement | null
      if (!answer) continue
      await (aboutAll ? this.#conclude(part, answer, this.#tools.now()) : this.#pursue(part, answer))
    }
  }

  async #conclude(call: readonly PendingEvent[], judgement: Judgement, sentAt: number): Promise<void> {
    const { verdict, code, requestId, reason } = judgement
    switch (verdict) {
      case 'accepted':
      case 'duplicate':
        return this.#note(call, { outcome: verdict, code: code as number, requestId, sentAt })
      case 'bad_event':
      case 'partial':
      case 'too_many':
        // Alone in its call: there is no smaller one to try. Without a code TikTok itself has not spoken.
        if (code !== null) return this.#note(call, { outcome: 'rejected', code, requestId, sentAt })
        this.#tell(call, { kind: 'refused', unknownCode: false, reason })
        return
      case 'token':
      case 'authorisation':
        this.#tell(call, { kind: 'standstill', reason: 'reconnect' })
        return
      case 'unknown':
        this.#tell(call, { kind: 'refused', unknownCode: true, reason: 'unknown_code' })
        return
      case 'throttled':
      case 'service':
        this.#tell(call, { kind: 'refused', unknownCode: false, reason })
        return
    }
  }

  /** TikTok has spoken: noted at once, also where the batch no longer waits for it. */
  async #note(call: readonly PendingEvent[], answer: Pick<FinalResult, 'outcome' | 'code' | 'requestId' | 'sentAt'>) {
    const at = this.#tools.now()
    const entries = call.map(({ signal, attempt }) => {
      const settled = { ...answer, attempt, at }
      return { signal, settled, recorded: false }
    })
    await this.#tools.sentLog.write(entries)
    entries.forEach(({ signal, settled }, index) => {
      this.#tools.onFinal?.(signal, settled)
      this.#tell([call[index] as PendingEvent], { kind: 'settled', ...settled })
    })
  }

  #tell(call: readonly PendingEvent[], finding: SendResult): null {
    for (const due of call) if (this.#open.delete(due)) this.#report(due, finding)
    return null
  }

  /** @returns what to call when the answer is there */
  #untilImpatient(call: readonly PendingEvent[]): () => void {
    let answered = false
    // After a pause of this process the timer is due before the answer that lies in the socket: read that first.
    const once = () => setImmediate(() => setImmediate(() => !answered && this.#detach(call, 'slow')))
    const timer = setTimeout(once, this.#tools.rtt.now)
    return () => {
      answered = true
      clearTimeout(timer)
    }
  }

  /** The batch goes on without the rest: what is under way has been tried, what is behind it has not. */
  #detach(underWay: readonly PendingEvent[], reason: string) {
    if (this.isDetached) return
    this.#startBy = this.#tools.now() + this.#tools.detachedMs
    this.#tell(underWay, { kind: 'refused', unknownCode: false, reason })
    this.#tell([...this.#open], { kind: 'held', delay: heldFor, reason })
    this.#letGo()
  }
}
