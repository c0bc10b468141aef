/** Gives each connection its turn, unless its breaker is open, and knows what is still under way. */

import type { TrafficClass } from '../limits/priority.ts'
import type { PendingEvent } from './batches.ts'
import { ConnectionDelivery, type ConnectionDeliveryTools, type Report } from './connection-delivery.ts'

/** Signals of one connection that wait in memory behind its slow call; more of them wait in the later topic only. */
const mostBehind = 2_000

interface Behind {
  readonly group: readonly PendingEvent[]
  readonly startBy: number
}

export class DeliveryScheduler {
  readonly #tools: ConnectionDeliveryTools
  readonly #underWay = new Set<Promise<void>>()
  /** The turn of the main lane, by connection, while it has one. */
  readonly #turns = new Map<string, ConnectionDelivery>()
  /** Deferred already, and sent as soon as the turn before is done, if that goes well. */
  readonly #behind = new Map<string, Behind[]>()
  #closing = false

  constructor(tools: ConnectionDeliveryTools) {
    this.#tools = tools
  }

  /**
   * Resolves when every signal of the group is reported.
   * @throws DependencyError when Redis or Kafka did not take what had to be noted
   */
  async send(connectionId: string, group: readonly PendingEvent[], lane: TrafficClass, report: Report): Promise<void> {
    const { breakers, now, detachedMs } = this.#tools
    const admission = await breakers.ask(connectionId, lane, now())
    if (admission.kind === 'held') {
      for (const due of group) report(due, { kind: 'held', delay: admission.delay, reason: 'breaker_open' })
      return
    }
    const before = this.#turns.get(connectionId)
    if (lane === 'main' && (before?.isDetached || admission.kind === 'behind')) {
      for (const due of group) report(due, { kind: 'held', delay: '10s', reason: 'slow' })
      this.#queue(connectionId, { group, startBy: now() + detachedMs })
      return
    }
    await this.#begin(connectionId, group, lane, report).enough
  }

  /** Resolves when no call is under way. */
  async drained(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  /** As `drained`, and what waits behind is left to the later topic: before the clients close. */
  close(): Promise<void> {
    this.#closing = true
    return this.drained()
  }

  #begin(
    connectionId: string,
    group: readonly PendingEvent[],
    lane: TrafficClass,
    report: Report,
    startBy: number | null = null,
  ): ConnectionDelivery {
    const turn = new ConnectionDelivery(this.#tools, connectionId, group, lane, report, startBy)
    if (lane === 'main') this.#turns.set(connectionId, turn)
    turn.enough.catch(() => {})
    const ended = turn.done.then(
      () => true,
      // Whoever still waits hears it by `enough`; behind a batch the unwritten marks go with the next write.
      () => false,
    )
    const followed = ended.then((well) => {
      if (this.#turns.get(connectionId) !== turn) return
      this.#turns.delete(connectionId)
      this.#next(connectionId, well && !turn.hasStopped)
    })
    this.#underWay.add(followed)
    void followed.finally(() => this.#underWay.delete(followed))
    return turn
  }

  #queue(connectionId: string, one: Behind) {
    const behind = this.#behind.get(connectionId) ?? []
    const waiting = behind.reduce((sum, { group }) => sum + group.length, 0)
    if (waiting + one.group.length > mostBehind) return
    behind.push(one)
    this.#behind.set(connectionId, behind)
    if (!this.#turns.has(connectionId)) this.#next(connectionId, true)
  }

  #next(connectionId: string, well: boolean) {
    const behind = this.#behind.get(connectionId)
    const next = well && !this.#closing ? behind?.shift() : undefined
    if (!next || behind?.length === 0) this.#behind.delete(connectionId)
    if (next) this.#begin(connectionId, next.group, 'main', () => {}, next.startBy)
  }
}
