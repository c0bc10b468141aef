/**
 * Sends one connection's signals, call after call, and reports what was found out about each.
 *
 * In the main lane nobody waits for a slow advertiser: past `patienceMs` the call goes on by itself, its signals are deferred,
 * and when the answer comes it is noted in the sent-marks, where the deferred records find it. A crash meanwhile sends them
 * again under the same id.
 */
import type { ConnectionRecord, Signal } from '../model/topic-values.ts'
import { type Answer, type Judgement, judge, split } from './destinations/tiktok/index.ts'
import type { Finding, Settled } from './finding.ts'
import { type Due, inCalls } from './group.ts'
import type { SentMarks } from './sent-marks.ts'
import type { Slots } from './slots.ts'
import type { Standing } from './standing.ts'
import type { Lane, Troubles } from './troubles.ts'

export interface TurnTools {
  /** Looked up anew before every call. */
  standing(connectionId: string): Standing
  post(connection: ConnectionRecord, token: string, signals: readonly Signal[]): Promise<Answer>
  readonly marks: Pick<SentMarks, 'write'>
  markReconnect(connection: ConnectionRecord, code: number): Promise<void>
  readonly troubles: Troubles
  readonly slots: Slots
  readonly eventsPerCall: number
  readonly patienceMs: number
  now(): number
  /** After each call: metrics and log. */
  observe?(call: { connectionId: string; events: number; judgement: Judgement; ms: number }): void
  onSettled?(signal: Signal, settled: Settled): void
}

export type Report = (due: Due, finding: Finding) => void

const heldFor = '10s'

/** One connection's turn in one batch. */
export class Turn {
  readonly #tools: TurnTools
  readonly #connectionId: string
  readonly #lane: Lane
  readonly #report: Report
  #spentMs = 0
  readonly #open: Set<Due>
  #stopped: Finding | null = null
  #letGo: () => void = () => {}
  /** Resolves when the batch need not wait any longer for this connection, done or not. */
  readonly enough: Promise<void>
  readonly #done: Promise<void>

  constructor(tools: TurnTools, connectionId: string, group: readonly Due[], lane: Lane, report: Report) {
    this.#tools = tools
    this.#connectionId = connectionId
    this.#lane = lane
    this.#report = report
    this.#open = new Set(group)
    const impatience = new Promise<void>((resolve) => {
      this.#letGo = resolve
    })
    this.#done = this.#run(group)
    this.enough = Promise.race([this.#done, impatience])
  }

  get done(): Promise<void> {
    return this.#done
  }

  async #run(group: readonly Due[]) {
    for (const call of inCalls(group, this.#tools.eventsPerCall)) await this.#pursue(call, await this.#send(call))
  }

  /**
   * Sends, unless it may not. null: every event is reported; otherwise what to pursue in parts. The slot is held until the
   * answer is noted, so that what a crash sends again is bounded by the slots.
   */
  async #send(call: readonly Due[]): Promise<Judgement | null> {
    const { slots, standing, post, now, patienceMs } = this.#tools
    return slots.run(async () => {
      if (this.#stopped) return this.#tell(call, this.#stopped)
      const found = standing(this.#connectionId)
      if (!found.may) return this.#tell(call, found.finding)
      if (this.#lane === 'main' && this.#spentMs > 2 * patienceMs) {
        return this.#tell(call, { kind: 'held', delay: heldFor, reason: 'slow' })
      }
      const impatience = this.#lane === 'main' ? setTimeout(() => this.#detach(call), patienceMs) : undefined
      const { connection, token } = found
      const startedAt = now()
      const answer = await post(
        connection,
        token,
        call.map(({ signal }) => signal),
      )
      clearTimeout(impatience)
      const judgement = judge(answer)
      const answeredAt = now()
      const ms = answeredAt - startedAt
      this.#spentMs += ms
      this.#tools.observe?.({ connectionId: this.#connectionId, events: call.length, judgement, ms })
      this.#remember(judgement, answeredAt, ms)
      if (judgement.verdict === 'token' || judgement.verdict === 'authorisation') {
        await this.#tools.markReconnect(connection, judgement.code as number)
      }
      if (split(call.length, judgement)) return judgement
      await this.#conclude(call, judgement)
      return null
    })
  }

  /** What the answer means for whether to go on with this advertiser. */
  #remember({ verdict, reason }: Judgement, at: number, ms: number) {
    const { troubles, patienceMs } = this.#tools
    if (verdict === 'throttled' || verdict === 'service') {
      troubles.failed(this.#connectionId, at)
      this.#stopped ??= { kind: 'held', delay: heldFor, reason }
    } else if (ms > patienceMs) troubles.slow(this.#connectionId, at)
    else troubles.recovered(this.#connectionId)
  }

  /** A call that was not taken as a whole: its parts. */
  async #pursue(call: readonly Due[], judgement: Judgement | null): Promise<void> {
    const parts = judgement && split(call.length, judgement)?.map((places) => places.map((place) => call[place] as Due))
    if (!parts) return
    if (judgement.verdict !== 'unknown') {
      for (const part of parts) await this.#pursue(part, await this.#send(part))
      return
    }
    // A code that nobody knows may be about one event, as a bad one is, or about all: if both halves get it, it is about all.
    const answers: (Judgement | null)[] = []
    for (const part of parts) answers.push(await this.#send(part))
    const aboutAll = answers.every((answer) => answer?.verdict === 'unknown')
    for (const [index, part] of parts.entries()) {
      const answer = answers[index] as Judgement | null
      await (aboutAll ? this.#conclude(part, answer as Judgement) : this.#pursue(part, answer))
    }
  }

  async #conclude(call: readonly Due[], { verdict, code, requestId, reason }: Judgement): Promise<void> {
    switch (verdict) {
      case 'accepted':
      case 'duplicate':
        return this.#note(call, verdict, code as number, requestId)
      case 'bad_event':
      case 'partial':
      case 'too_many':
        // Alone in its call: there is no smaller one to try.
        return this.#note(call, 'rejected', code as number, requestId)
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
  async #note(call: readonly Due[], outcome: Settled['outcome'], code: number, requestId: string | null) {
    const at = this.#tools.now()
    const entries = call.map(({ signal, attempt }) => {
      const settled = { outcome, code, requestId, attempt, at }
      return { signal, settled, recorded: false }
    })
    await this.#tools.marks.write(entries)
    entries.forEach(({ signal, settled }, index) => {
      this.#tools.onSettled?.(signal, settled)
      this.#tell([call[index] as Due], { kind: 'settled', ...settled })
    })
  }

  #tell(call: readonly Due[], finding: Finding): null {
    for (const due of call) if (this.#open.delete(due)) this.#report(due, finding)
    return null
  }

  /** The batch goes on without the rest: what is under way has been tried, what is behind it has not. */
  #detach(underWay: readonly Due[]) {
    this.#tools.troubles.outstanding(this.#connectionId, this.#tools.now())
    this.#tell(underWay, { kind: 'refused', unknownCode: false, reason: 'slow' })
    this.#stopped = { kind: 'held', delay: heldFor, reason: 'slow' }
    this.#tell([...this.#open], this.#stopped)
    this.#letGo()
  }
}
