/**
 * Event order within bounds: buffers a fixed number of messages and releases the oldest by event time. Messages further apart than
 * the buffer keep the order of their topic, as in live traffic. Pure.
 */
import type { Message } from '../../../shared/model/topic-values.ts'

export class ReorderBuffer {
  readonly #size: number
  #buffer: Message[] = []

  constructor(size: number) {
    this.#size = size
  }

  /** @returns messages older than everything still buffered, oldest first */
  add(messages: readonly Message[]): Message[] {
    this.#buffer.push(...messages)
    if (this.#buffer.length < 2 * this.#size) return []
    this.#sort()
    return this.#buffer.splice(0, this.#buffer.length - this.#size)
  }

  /** Empties the buffer. @returns all messages left, oldest first */
  drain(): Message[] {
    this.#sort()
    return this.#buffer.splice(0)
  }

  #sort() {
    this.#buffer.sort((a, b) => a.occurredAt - b.occurredAt || (a.message < b.message ? -1 : 1))
  }
}
