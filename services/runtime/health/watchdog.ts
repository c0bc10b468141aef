/**
 * Finds the stage that stops in silence: it is in its group and its heartbeats go out, but what lies in Kafka for it is not
 * worked on. A process that is so ends itself, and whoever keeps it starts it again: what it had not committed is read anew.
 */
import type { Waiting } from './health.ts'

interface Standing {
  /** Where it stood when it last moved. */
  readonly at: string
  readonly since: number
}

export interface Look {
  /** ms */
  readonly now: number
  /** What is due now at the places that are ours. */
  readonly due: ReadonlyMap<string, Waiting>
  /** How far the stage has settled a place, where it has: a long batch is progress before it is committed. */
  settledAt(place: string): bigint | undefined
  /** How long the stage has been out of its group although Kafka answers, ms. */
  readonly awayMs: number
  /** It waits for a dependency, begins or ends: that is no silence. */
  readonly excused: boolean
}

export class Watchdog {
  readonly #patienceMs: number
  #standing = new Map<string, Standing>()

  /** @param patienceMs no progress for this long, with work at hand, is silence */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  /** @returns why the process should end; null while all is well */
  look({ now, due, settledAt, awayMs, excused }: Look): string | null {
    if (excused) {
      this.#standing = new Map()
      return null
    }
    if (awayMs >= this.#patienceMs) return 'Kafka answers, but the consumer is not in its group'
    const standing = new Map<string, Standing>()
    for (const [place, { next }] of due) {
      const at = `${next} ${settledAt(place) ?? ''}`
      const before = this.#standing.get(place)
      standing.set(place, before?.at === at ? before : { at, since: now })
    }
    this.#standing = standing
    for (const [place, { since }] of standing)
      if (now - since >= this.#patienceMs) return `no progress on ${place} although records are due`
    return null
  }
}
