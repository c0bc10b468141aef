/** Counts of a replay: per connection, flag and day, new against already reported. Pure. */
import type { Signal } from '../../../shared/model/topic-values.ts'

export interface ReplayCountsRow {
  readonly connection: string
  /** A flag of the keyword list; `conversation` and `order` for signals without one. */
  readonly flag: string
  /** Day of the message, UTC. */
  readonly day: string
  readonly new: number
  readonly reported: number
}

/** A message has one keyword signal, whatever flags it carries: what a newer list adds to a reported one was never sent, and is not sent now. */
export const nothingNew =
  'nothing new is raised: these messages have their signals already; a flag that a newer list adds to a signal that was sent is not sent after it'

export type ReportState = 'new' | 'reported'

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)

export class ReplayCounts {
  readonly #rows = new Map<string, { new: number; reported: number }>()
  readonly #totals = { new: 0, reported: 0 }

  add(signal: Signal, state: ReportState): void {
    this.#change(signal, state, 1)
  }

  /** Moves a signal from new to reported. */
  correct(signal: Signal): void {
    this.#change(signal, 'new', -1)
    this.#change(signal, 'reported', 1)
  }

  get totals(): { readonly new: number; readonly reported: number } {
    return { ...this.#totals }
  }

  /** Sorted by connection, day, flag. */
  get rows(): readonly ReplayCountsRow[] {
    return [...this.#rows]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, counts]) => {
        const [connection, day, flag] = key.split('\n') as [string, string, string]
        return { connection, flag, day, ...counts }
      })
  }

  #change(signal: Signal, state: ReportState, by: number) {
    this.#totals[state] += by
    const flags = signal.kind === 'keyword' ? signal.flags : [signal.kind]
    for (const flag of flags) {
      const key = `${signal.connectionId}\n${dayOf(signal.occurredAt)}\n${flag}`
      const row = this.#rows.get(key) ?? { new: 0, reported: 0 }
      row[state] += by
      this.#rows.set(key, row)
    }
  }
}
