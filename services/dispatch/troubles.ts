/**
 * What this process remembers of advertisers that just failed: while one is in trouble its signals wait in the later topics, so
 * that no batch waits for it again. The main lane takes an advertiser back only after the waiting lanes had the chance to find
 * out: their waits delay nobody healthy. In memory only: a process that forgets asks once more.
 */
import type { Delay } from '../topology.ts'

export type Lane = 'main' | 'waiting'

/** By failures in a row: how long nobody asks again, and where its signals wait meanwhile. At most 5 min, so a first retry comes within 6. */
const steps: readonly { restMs: number; delay: Delay }[] = [
  { restMs: 8_000, delay: '10s' },
  { restMs: 8_000, delay: '10s' },
  { restMs: 45_000, delay: '1m' },
  { restMs: 45_000, delay: '1m' },
  { restMs: 45_000, delay: '1m' },
  { restMs: 240_000, delay: '5m' },
]
/** The main lane asks this much later than the waiting lanes: a record that waited 10 s has had its turn by then. */
const mainGraceMs = 10_000
/**
 * An advertiser that answers, but slowly again and again, is served from the waiting lanes alone for this long after each slow
 * answer. Once is no habit: a pause of our own machine looks the same.
 */
const slowMs = 20_000
const slowHabit = 2

interface Note {
  /** In a row. */
  readonly failures: number
  readonly slows: number
  readonly waitingFrom: number
  readonly mainFrom: number
}

export class Troubles {
  readonly #notes = new Map<string, Note>()
  readonly #probeMs: number

  /** @param probeMs how long a call may take: while one asks, the others wait */
  constructor(probeMs: number) {
    this.#probeMs = probeMs
  }

  /** null: send. Otherwise how long its signals wait. */
  held(connectionId: string, lane: Lane, now: number): Delay | null {
    const note = this.#notes.get(connectionId)
    if (!note) return null
    const from = lane === 'main' ? note.mainFrom : note.waitingFrom
    if (now < from) return this.#step(note.failures).delay
    // After a failure one batch asks, the others wait for what it learns.
    if (note.failures > 0) {
      const asked = now + this.#probeMs
      this.#notes.set(connectionId, { ...note, waitingFrom: asked, mainFrom: asked + mainGraceMs })
    }
    return null
  }

  failed(connectionId: string, now: number): void {
    const failures = (this.#notes.get(connectionId)?.failures ?? 0) + 1
    const waitingFrom = now + this.#step(failures).restMs
    this.#notes.set(connectionId, { failures, slows: 0, waitingFrom, mainFrom: waitingFrom + mainGraceMs })
  }

  /** A call takes longer than a batch waits; its end will be told. */
  outstanding(connectionId: string, now: number): void {
    const { failures, slows } = this.#notes.get(connectionId) ?? { failures: 0, slows: 0 }
    this.#notes.set(connectionId, { failures, slows, waitingFrom: now, mainFrom: now + this.#probeMs })
  }

  slow(connectionId: string, now: number): void {
    const slows = (this.#notes.get(connectionId)?.slows ?? 0) + 1
    const mainFrom = slows >= slowHabit ? now + slowMs : now
    this.#notes.set(connectionId, { failures: 0, slows, waitingFrom: now, mainFrom })
  }

  recovered(connectionId: string): void {
    this.#notes.delete(connectionId)
  }

  /** For the log and later the breaker's metrics. */
  get size(): number {
    return this.#notes.size
  }

  #step(failures: number) {
    return steps[Math.min(Math.max(failures, 1), steps.length) - 1] as (typeof steps)[number]
  }
}
