/** Starts one delivery per connection and batch as the breakers allow, and keeps account of the deliveries under way. */

import type { TrafficClass } from '../signal/priority.ts'
import type { PendingEvent } from './batches.ts'
import { ConnectionDelivery } from './connection-delivery.ts'
import type { ConnectionDeliveryTools, Report } from './delivery-tools.ts'
import { deliveryStart } from './eligibility.ts'

/** Events of one connection that wait in memory for its detached delivery; more of them wait in the later topic only. */
const maxQueued = 2_000

/** Events that are deferred already, and that a detached delivery sends earlier than their return. */
interface Queued {
  readonly events: readonly PendingEvent[]
  readonly startBy: number
}

export class DeliveryScheduler {
  readonly #tools: ConnectionDeliveryTools
  readonly #underWay = new Set<Promise<void>>()
  /** Deliveries of main traffic under way, by connection. */
  readonly #main = new Map<string, ConnectionDelivery>()
  /** By connection: starts when the delivery before has ended well. */
  readonly #queues = new Map<string, Queued[]>()
  #closing = false

  constructor(tools: ConnectionDeliveryTools) {
    this.#tools = tools
  }

  /**
   * Resolves when every event has a reported result.
   * @throws DependencyError when Redis or Kafka did not take what the delivery had to write
   */
  async send(
    connectionId: string,
    events: readonly PendingEvent[],
    trafficClass: TrafficClass,
    report: Report,
  ): Promise<void> {
    const { breakers, now, detachedMs } = this.#tools
    const admission = await breakers.ask(connectionId, trafficClass, now())
    const start = deliveryStart(admission, trafficClass, this.#main.get(connectionId)?.isDetached ?? false)
    if (start.kind === 'attached') return this.#start(connectionId, events, trafficClass, report).released
    for (const event of events) report(event, start.result)
    if (start.kind === 'queued') this.#queue(connectionId, { events, startBy: now() + detachedMs })
  }

  /** Resolves when no call is under way. */
  async drained(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  /** As `drained`, and leaves the queues to the later topic: call it before the clients close. */
  close(): Promise<void> {
    this.#closing = true
    return this.drained()
  }

  #start(
    connectionId: string,
    events: readonly PendingEvent[],
    trafficClass: TrafficClass,
    report: Report,
    startBy: number | null = null,
  ): ConnectionDelivery {
    const delivery = new ConnectionDelivery(this.#tools, connectionId, events, trafficClass, report, startBy)
    if (trafficClass === 'main') this.#main.set(connectionId, delivery)
    // The caller of `send` gets the error by `released`. A detached delivery has no caller: its unwritten answers go with the next write.
    delivery.released.catch(() => {})
    const ended = delivery.done.then(
      () => true,
      () => false,
    )
    const followed = ended.then((succeeded) => {
      if (this.#main.get(connectionId) !== delivery) return
      this.#main.delete(connectionId)
      this.#startNext(connectionId, succeeded && !delivery.hasStopped)
    })
    this.#underWay.add(followed)
    void followed.finally(() => this.#underWay.delete(followed))
    return delivery
  }

  #queue(connectionId: string, queued: Queued) {
    const queue = this.#queues.get(connectionId) ?? []
    const waiting = queue.reduce((sum, { events }) => sum + events.length, 0)
    if (waiting + queued.events.length > maxQueued) return
    queue.push(queued)
    this.#queues.set(connectionId, queue)
    if (!this.#main.has(connectionId)) this.#startNext(connectionId, true)
  }

  /** @param succeeded false: empties the queue */
  #startNext(connectionId: string, succeeded: boolean) {
    const queue = this.#queues.get(connectionId)
    const next = succeeded && !this.#closing ? queue?.shift() : undefined
    if (!next || queue?.length === 0) this.#queues.delete(connectionId)
    if (next) this.#start(connectionId, next.events, 'main', () => {}, next.startBy)
  }
}
