/**
 * Reads refused senders in turn. A sender with a thousand connections that asks again as soon as it is refused would fill each round of
 * the event loop, and all others would wait for the end of the round. So a connection is not read after a refusal until its turn comes,
 * and a round has a few turns.
 */
import type { Socket } from 'node:net'

/** Refused connections that are read again in one round of the event loop: a share of those that wait, at least so many. */
const turnShare = 1 / 4
const minTurns = 32

export type RefusedSender = Pick<Socket, 'pause' | 'resume' | 'destroyed' | 'writableNeedDrain' | 'once'>

export class Turns {
  /** In the order of their refusals. */
  readonly #waiting = new Set<RefusedSender>()
  readonly #nextRound: (round: () => void) => void

  /** @param nextRound calls back when the event loop has come round */
  constructor(nextRound: (round: () => void) => void) {
    this.#nextRound = nextRound
  }

  /** Connections that wait for their turn. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Reads nothing more of the connection until its turn. Its answer is sent meanwhile. */
  wait(socket: RefusedSender): void {
    if (socket.destroyed || this.#waiting.has(socket)) return
    socket.pause()
    this.#waiting.add(socket)
    if (this.#waiting.size === 1) this.#nextRound(() => this.#round())
  }

  #round() {
    let turns = Math.max(minTurns, Math.ceil(this.#waiting.size * turnShare))
    for (const socket of this.#waiting) {
      if (turns-- === 0) break
      this.#waiting.delete(socket)
      if (socket.destroyed) continue
      // Its client does not read: what it asks further would only be more to keep.
      if (socket.writableNeedDrain) socket.once('drain', () => socket.resume())
      else socket.resume()
    }
    if (this.#waiting.size > 0) this.#nextRound(() => this.#round())
  }
}
