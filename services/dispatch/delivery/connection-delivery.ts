/**
 * Sends one connection's events of one batch, call after call, and reports one result for each event.
 *
 * | mode     | the batch                          | calls                                             | moves to                |
 * | -------- | ---------------------------------- | ------------------------------------------------- | ----------------------- |
 * | attached | waits                              | begin                                             | detached, stopped, done |
 * | detached | has gone on with deferred events   | begin until `startBy`                             | stopped, done           |
 * | stopped  | as before                          | none begins; the events left are `notAttempted`   | done                    |
 * | done     | has a result for each event        | none                                              |                         |
 *
 * attached → detached: main traffic only, when a call takes longer than usual or the advertiser's limit makes it wait.
 * → stopped: the destination fails or throttles, or a limit outlasts its timeout. There is no move back.
 *
 * A detached delivery writes each answer to the sent log, where the deferred signal finds it. After a crash, events without a record
 * are sent again under the same ids. No call begins so late that the deferred signal could meet it.
 */
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'
import type { Judgement } from '../destinations/destination.ts'
import type { TrafficClass } from '../signal/priority.ts'
import type { FinalResult, SendResult } from '../signal/send-result.ts'
import { chunk, type PendingEvent } from './batches.ts'
import { callResultOf, type FinalAnswer } from './call-result.ts'
import type { ConnectionDeliveryTools, Report } from './delivery-tools.ts'
import {
  callEligibility,
  type DeliveryProgress,
  type Eligibility,
  limitDecision,
  limitTimeouts,
} from './eligibility.ts'

const deferredFor = '10s'

export class ConnectionDelivery {
  readonly #tools: ConnectionDeliveryTools
  readonly #connectionId: string
  readonly #trafficClass: TrafficClass
  readonly #report: Report
  /** Events without a reported result. */
  readonly #unreported: Set<PendingEvent>
  /** Not null: stopped. */
  #stopped: SendResult | null = null
  /** Not null: detached. */
  #startBy: number | null
  /** How long the batch has waited for this advertiser's limit, ms. */
  #limitedMs = 0
  #onDetached: () => void = () => {}
  /** Resolves when the batch need not wait any longer, because the delivery is done or detached. */
  readonly released: Promise<void>
  readonly done: Promise<void>

  /** @param startBy detached from the beginning, for events that are deferred already: no call begins after this, ms */
  constructor(
    tools: ConnectionDeliveryTools,
    connectionId: string,
    events: readonly PendingEvent[],
    trafficClass: TrafficClass,
    report: Report,
    startBy: number | null = null,
  ) {
    this.#tools = tools
    this.#connectionId = connectionId
    this.#trafficClass = trafficClass
    this.#report = report
    this.#startBy = startBy
    this.#unreported = new Set(startBy === null ? events : [])
    const detached = new Promise<void>((resolve) => {
      this.#onDetached = resolve
    })
    this.done = this.#run(events)
    this.released = Promise.race([this.done, detached])
  }

  get isDetached(): boolean {
    return this.#startBy !== null
  }

  /** True when the connection should get no more calls for now. */
  get hasStopped(): boolean {
    return this.#stopped !== null
  }

  get #progress(): DeliveryProgress {
    return { stopped: this.#stopped, startBy: this.#startBy }
  }

  async #run(events: readonly PendingEvent[]) {
    for (const call of chunk(events, this.#tools.eventsPerCall)) await this.#sendParts(call, await this.#send(call))
  }

  #eligibility(call: readonly PendingEvent[]): Eligibility {
    const { eligibilityOf, now } = this.#tools
    const consent = call.find(({ consent }) => consent !== undefined)?.consent
    return callEligibility(eligibilityOf(this.#connectionId), this.#progress, consent, now())
  }

  /** Waits for the limits; null once the call may go. The delivery detaches rather than let the batch wait long. */
  async #waitForLimits(advertiserId: string): Promise<SendResult | null> {
    const { rateLimiter, rtt, now } = this.#tools
    for (;;) {
      const began = now()
      const waits = { usualMs: rtt.now, limitedMs: this.#limitedMs, now: began }
      const timeouts = limitTimeouts(this.#progress, this.#trafficClass, waits)
      const passage = await rateLimiter.pass(advertiserId, this.#trafficClass, timeouts)
      if (!this.isDetached) this.#limitedMs += now() - began
      const decision = limitDecision(passage, this.#progress, this.#trafficClass)
      if (decision === 'send') return null
      if (decision !== 'detach') {
        this.#stopped ??= decision
        return this.#stopped
      }
      this.#detach([], 'limit_advertiser')
    }
  }

  /**
   * Sends the call if it may go. null: every event is reported; otherwise the judgement by which to send it in parts. The call keeps
   * its slot until the answer is in the sent log, so that the slots bound what a crash sends again.
   */
  async #send(call: readonly PendingEvent[]): Promise<Judgement | null> {
    const before = this.#eligibility(call)
    if (!before.eligible) return this.#reportAll(call, before.result)
    const limited = await this.#waitForLimits(before.connection.advertiserId)
    if (limited) return this.#reportAll(call, limited)
    return this.#tools.semaphore.run(async (waited) => {
      const found = this.#eligibility(call)
      if (!found.eligible) return this.#reportAll(call, found.result)
      return this.#post(call, found.connection, found.token, waited)
    })
  }

  async #post(
    call: readonly PendingEvent[],
    connection: ConnectionRecord,
    token: string,
    waited: boolean,
  ): Promise<Judgement | null> {
    const { destination, post, now, rtt, observe } = this.#tools
    const signals = call.map(({ signal }) => signal)
    const onAnswer = this.#trafficClass === 'main' && !this.isDetached ? this.#detachUnlessAnswered(call) : () => {}
    const usualMs = rtt.now
    const startedAt = now()
    const answer = await post(destination.encode(connection, token, signals), signals)
    onAnswer()
    const judgement = destination.judge(answer)
    const ms = now() - startedAt
    observe?.({ connectionId: this.#connectionId, events: call.length, judgement, ms, waited })
    if (answer.kind === 'answered') rtt.observe(ms)
    await this.#updateConnection(connection, judgement, ms > usualMs)
    if (destination.split(call.length, judgement)) return judgement
    await this.#conclude(call, judgement, startedAt, connection.testEventCode === null ? {} : { isTest: true })
    return null
  }

  /** What the answer means for further calls to this connection. */
  async #updateConnection(connection: ConnectionRecord, judgement: Judgement, wasSlow: boolean) {
    const { breakers, now, throttled, markReconnect } = this.#tools
    const { verdict, reason } = judgement
    switch (verdict) {
      case 'throttled':
      case 'service':
        this.#stopped ??= { kind: 'notAttempted', delay: deferredFor, reason }
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

  /** Sends a call that was not taken as a whole in smaller calls. */
  async #sendParts(call: readonly PendingEvent[], judgement: Judgement | null, hinted = false): Promise<void> {
    const positions = judgement && this.#tools.destination.split(call.length, judgement, hinted)
    if (!positions) return
    const parts = positions.map((part) => part.map((position) => call[position] as PendingEvent))
    if (judgement.verdict !== 'unknown') {
      const byHint = !hinted && judgement.hints.length > 0
      for (const part of parts) await this.#sendParts(part, await this.#send(part), byHint)
      return
    }
    // An unknown code may be about one event or about all: when both halves get it, it is about all.
    const answers: (Judgement | null)[] = []
    for (const part of parts) answers.push(await this.#send(part))
    const aboutAll = answers.every((answer) => answer?.verdict === 'unknown')
    for (const [index, part] of parts.entries()) {
      const answer = answers[index] as Judgement | null
      if (!answer) continue
      await (aboutAll ? this.#conclude(part, answer, this.#tools.now()) : this.#sendParts(part, answer))
    }
  }

  async #conclude(
    call: readonly PendingEvent[],
    judgement: Judgement,
    sentAt: number,
    test: Pick<FinalResult, 'isTest'> = {},
  ): Promise<void> {
    const result = callResultOf(judgement)
    if (result.kind === 'final') await this.#recordFinal(call, { ...result, ...test, sentAt })
    else this.#reportAll(call, result)
  }

  /** Writes the answer to the sent log before anything depends on it, also when detached. */
  async #recordFinal(call: readonly PendingEvent[], answer: FinalAnswer & Pick<FinalResult, 'sentAt' | 'isTest'>) {
    const { sentLog, now, onFinal } = this.#tools
    const at = now()
    const entries = call.map(({ signal, attempt }) => ({ signal, final: { ...answer, attempt, at }, recorded: false }))
    await sentLog.write(entries)
    entries.forEach(({ signal, final }, index) => {
      onFinal?.(signal, final)
      const event = call[index] as PendingEvent
      if (this.#unreported.delete(event)) this.#report(event, final)
    })
  }

  #reportAll(events: Iterable<PendingEvent>, result: SendResult): null {
    for (const event of events) if (this.#unreported.delete(event)) this.#report(event, result)
    return null
  }

  /** @returns call it when the answer has arrived */
  #detachUnlessAnswered(call: readonly PendingEvent[]): () => void {
    const { timers, afterPendingInput, rtt } = this.#tools
    let answered = false
    const detach = () => {
      if (!answered) this.#detach(call, 'slow')
    }
    // After a pause of this process the timer is due before the answer that lies in the socket: read the socket first.
    const cancel = timers.after(rtt.now, () => afterPendingInput(detach))
    return () => {
      answered = true
      cancel()
    }
  }

  /** The batch goes on: the call under way counts as an attempt, the events after it do not. */
  #detach(underWay: readonly PendingEvent[], reason: string) {
    if (this.isDetached) return
    this.#startBy = this.#tools.now() + this.#tools.detachedMs
    this.#reportAll(underWay, { kind: 'refused', unknownCode: false, reason })
    this.#reportAll(this.#unreported, { kind: 'notAttempted', delay: deferredFor, reason })
    this.#onDetached()
  }
}
