/**
 * The breakers of all connections: in memory, and shared with other instances through the store. A batch first reads the breakers of its
 * connections. What a call teaches is known here at once and written in the background, so that no call waits for the write.
 * While Redis is away, the next batch's read fails and the stage pauses.
 */

import { Coalescer } from '../../runtime/coalescer.ts'
import type { TrafficClass } from '../signal/priority.ts'
import type { BreakerStore } from './redis-store.ts'
import {
  type Admission,
  admission,
  afterFailure,
  afterSlow,
  type BreakerFailure,
  type BreakerRecord,
  type BreakerTiming,
  withoutCooldown,
} from './state-machine.ts'

/** A breaker opened, or closed (null). */
export type OnBreakerMove = (connectionId: string, note: BreakerRecord | null) => void

export class BreakerRegistry {
  readonly #store: BreakerStore
  readonly #timing: BreakerTiming
  readonly #notes = new Map<string, BreakerRecord>()
  readonly #unwritten = new Set<string>()
  /** For each read under way, the connections that changed here since it began: what it brings for them is older. */
  readonly #reading = new Set<Set<string>>()
  /** One write at a time; changes during a write share the next. */
  readonly #writes = new Coalescer<never>(() => this.#writeAll(), undefined, queueMicrotask)
  readonly #onMove: OnBreakerMove

  constructor(store: BreakerStore, timing: BreakerTiming, onMove: OnBreakerMove = () => {}) {
    this.#store = store
    this.#timing = timing
    this.#onMove = onMove
  }

  /** Before a batch: reads what other instances, or this one before a restart, have learnt. @throws DependencyError */
  async refresh(ids: readonly string[]): Promise<void> {
    await this.#writes.call([])
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

  /** Half open, one caller of all instances gets the probe. @throws DependencyError */
  async ask(id: string, trafficClass: TrafficClass, now: number): Promise<Admission> {
    const note = this.#notes.get(id)
    const found = admission(note, trafficClass, now, this.#timing)
    if (found.kind !== 'probe' || !note) return found
    // At once, so that a second batch of this process does not probe as well.
    this.#notes.set(id, found.next)
    for (const changed of this.#reading) changed.add(id)
    await this.#writes.call([])
    return (await this.#store.claim(id, note, found.next)) ? found : { kind: 'notAttempted', delay: '10s' }
  }

  /** Lets the connection's next batch probe at once. @throws DependencyError */
  async halfOpen(id: string, now: number): Promise<void> {
    await this.#writes.call([])
    const [note] = await this.#store.read([id])
    const next = note ? withoutCooldown(note, now, this.#timing) : null
    // Where another instance was faster, its record is as good.
    if (note && next) await this.#store.claim(id, note, next)
  }

  failed(id: string, failure: BreakerFailure, now: number): void {
    const before = this.#notes.get(id)
    const note = afterFailure(id, before, failure, now, this.#timing)
    this.#change(id, note)
    if (!before || before.failures === 0) this.#onMove(id, note)
  }

  slow(id: string, now: number): void {
    this.#change(id, afterSlow(this.#notes.get(id), now, this.#timing))
  }

  recovered(id: string): void {
    const note = this.#notes.get(id)
    if (!note) return
    this.#change(id, null)
    if (note.failures > 0) this.#onMove(id, null)
  }

  #change(id: string, note: BreakerRecord | null) {
    if (note) this.#notes.set(id, note)
    else this.#notes.delete(id)
    this.#unwritten.add(id)
    for (const changed of this.#reading) changed.add(id)
    // A failed write goes with the next one, which `refresh` and `ask` await.
    this.#writes.call([]).catch(() => {})
  }

  async #writeAll(): Promise<void> {
    if (this.#unwritten.size === 0) return
    const ids = [...this.#unwritten]
    this.#unwritten.clear()
    try {
      await this.#store.write(ids.map((id) => [id, this.#notes.get(id) ?? null]))
    } catch (error) {
      for (const id of ids) this.#unwritten.add(id)
      throw error
    }
  }
}
