/**
 * Event order within bounds: holds back so many messages and gives out the oldest by event time. Feeds that lie further apart than
 * that come as they lie in the topic, which is how live traffic saw them. Pure.
 */
import type { Message } from '../../../shared/model/topic-values.ts'

export class ReorderBuffer {
  readonly #size: number
  #held: Message[] = []

  constructor(size: number) {
    this.#size = size
  }

  /** @returns what is older than all that is still held back, oldest first */
  add(messages: readonly Message[]): Message[] {
    this.#held.push(...messages)
    if (this.#held.length < 2 * this.#size) return []
    this.#sort()
    return this.#held.splice(0, this.#held.length - this.#size)
  }

  /** All that is left, oldest first. */
  rest(): Message[] {
    this.#sort()
    return this.#held.splice(0)
  }

  #sort() {
    this.#held.sort((a, b) => a.occurredAt - b.occurredAt || (a.message < b.message ? -1 : 1))
  }
}
