/**
 * The breakers of all connections: shared by instances through Redis, at hand in memory. A batch reads the notes of its connections
 * first; what this process learns is known here at once and written behind, so that no call waits for it. Redis away: the
 * next batch's read fails, and the stage pauses.
 */

import type { TrafficClass } from '../limits/priority.ts'
import type { BreakerStore } from './redis-store.ts'
import {
  type Admission,
  admission,
  afterFailure,
  afterSlow,
  type BreakerFailure,
  type BreakerNote,
  type BreakerTiming,
} from './state-machine.ts'

export class BreakerRegistry {
  readonly #store: BreakerStore
  readonly #timing: BreakerTiming
  readonly #notes = new Map<string, BreakerNote>()
  readonly #unwritten = new Set<string>()
  /** For each read under way, what changed here meanwhile: that is newer than what it brings. */
  readonly #reading = new Set<Set<string>>()
  #writing: Promise<void> | null = null
  readonly #onMove: (connectionId: string, note: BreakerNote | null) => void

  /** @param onMove a connection's breaker opened, or closed again (null) */
  constructor(
    store: BreakerStore,
    timing: BreakerTiming,
    onMove: (connectionId: string, note: BreakerNote | null) => void = () => {},
  ) {
    this.#store = store
    this.#timing = timing
    this.#onMove = onMove
  }

  /** Before a batch: what other instances, or this one before it was started again, have learnt. @throws DependencyError */
  async refresh(ids: readonly string[]): Promise<void> {
    await this.#flush()
    const changed = new Set<string>()
    this.#reading.add(changed)
    try {
      const notes = await this.#store.read(ids)
      ids.forEach((id, index) => {
        if (changed.has(id)) return
        const note = notes[index]
        if (note) this.#notes.set(id, note)
        else this.#notes.delete(id)
      })
    } finally {
      this.#reading.delete(changed)
    }
  }

  /** May it be sent to now? Half open, one asker of all instances may. @throws DependencyError */
  async ask(id: string, lane: TrafficClass, now: number): Promise<Admission> {
    const note = this.#notes.get(id)
    const found = admission(note, lane, now, this.#timing)
    if (found.kind !== 'probe' || !note) return found
    // Here at once, so that a second batch of this process does not ask as well.
    this.#notes.set(id, found.next)
    for (const changed of this.#reading) changed.add(id)
    await this.#flush()
    return (await this.#store.claim(id, note, found.next)) ? found : { kind: 'held', delay: '10s' }
  }

  failed(id: string, failure: BreakerFailure, now: number): void {
    const before = this.#notes.get(id)
    const note = afterFailure(id, before, failure, now, this.#timing)
    this.#note(id, note)
    if (!before || before.failures === 0) this.#onMove(id, note)
  }

  slow(id: string, now: number): void {
    this.#note(id, afterSlow(this.#notes.get(id), now, this.#timing))
  }

  recovered(id: string): void {
    const note = this.#notes.get(id)
    if (!note) return
    this.#note(id, null)
    if (note.failures > 0) this.#onMove(id, null)
  }

  #note(id: string, note: BreakerNote | null) {
    if (note) this.#notes.set(id, note)
    else this.#notes.delete(id)
    this.#unwritten.add(id)
    for (const changed of this.#reading) changed.add(id)
    // What does not reach Redis now goes with the next write, before anything is asked there.
    this.#flush().catch(() => {})
  }

  async #flush(): Promise<void> {
    while (this.#writing) await this.#writing.catch(() => {})
    if (this.#unwritten.size === 0) return
    const ids = [...this.#unwritten]
    this.#unwritten.clear()
    this.#writing = this.#store.write(ids.map((id) => [id, this.#notes.get(id) ?? null]))
    try {
      await this.#writing
    } catch (error) {
      for (const id of ids) this.#unwritten.add(id)
      throw error
    } finally {
      this.#writing = null
    }
  }
}
