/** Gauges of the breakers: counts by state, and names of the oldest 20 only, so that the labels stay bounded. */
import { type BreakerRecord, type BreakerState, breakerStateOf } from './state-machine.ts'

export interface BreakerRow {
  readonly connectionId: string
  readonly state: BreakerState
  readonly cause: string
  readonly failures: number
  /** ms */
  readonly since: number
  /** When the next call may go, ms. */
  readonly nextAt: number
}

/** The breaker that has been open longest comes first. */
export const breakerRows = (notes: ReadonlyMap<string, BreakerRecord>, now: number): BreakerRow[] =>
  Array.from(notes, ([connectionId, note]) => ({
    connectionId,
    state: breakerStateOf(note, now),
    cause: note.cause,
    failures: note.failures,
    since: note.since,
    nextAt: note.failures === 0 ? note.mainFrom : note.waitingFrom,
  })).sort((a, b) => a.since - b.since || (a.connectionId < b.connectionId ? -1 : 1))

const maxNamed = 20

export const breakerGauges = (rows: readonly BreakerRow[], now: number) => ({
  byState: (['open', 'half_open', 'slow'] as const).map((state) => ({
    labels: { state },
    value: rows.filter((row) => row.state === state).length,
  })),
  oldest: rows.slice(0, maxNamed).map(({ connectionId, cause, since }) => ({
    labels: { connection: connectionId, cause },
    value: Math.max(0, now - since) / 1_000,
  })),
})
