import type { BreakerStore } from '../../services/dispatch/circuit-breaker/redis-store.ts'
import type { BreakerRecord } from '../../services/dispatch/circuit-breaker/state-machine.ts'

/** Breakers in memory; breaker-store.contract.ts checks this store and Redis's alike. */
export class MemoryBreakerStore implements BreakerStore {
  readonly notes = new Map<string, BreakerRecord>()

  async read(ids: readonly string[]): Promise<readonly (BreakerRecord | null)[]> {
    return ids.map((id) => this.notes.get(id) ?? null)
  }

  async write(changes: readonly (readonly [string, BreakerRecord | null])[]): Promise<void> {
    for (const [id, note] of changes) {
      if (note) this.notes.set(id, note)
      else this.notes.delete(id)
    }
  }

  async claim(id: string, from: BreakerRecord, to: BreakerRecord): Promise<boolean> {
    if (JSON.stringify(this.notes.get(id)) !== JSON.stringify(from)) return false
    this.notes.set(id, to)
    return true
  }

  async all(): Promise<ReadonlyMap<string, BreakerRecord>> {
    return new Map(this.notes)
  }
}
