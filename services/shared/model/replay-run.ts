/** Values of `replays.v1`. */
export const replayStatuses = ['running', 'stopped', 'cancelled', 'done', 'failed'] as const
export type ReplayStatus = (typeof replayStatuses)[number]

export interface RunOffsetRange {
  readonly partition: number
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

/** A replay that sends; written at its start, every second while it runs, and at its end. */
export interface ReplayRun {
  readonly run: string
  readonly status: ReplayStatus
  /** The process that works on it; a process that resumes the run becomes the owner. */
  readonly owner: string
  /** ms */
  readonly createdAt: number
  /** ms; a running run without recent updates was killed. */
  readonly updatedAt: number
  /** The request as JSON: with the same offset ranges it gives the same decisions again. */
  readonly request: string
  readonly stretches: readonly RunOffsetRange[]
  /** By partition, the end of the replay topic and of the deliveries at the start of the run. The run's records come after it. */
  readonly laneFrom: Readonly<Record<string, number>>
  readonly deliveriesFrom: Readonly<Record<string, number>>
  /** By name: new, reported, published, waiting; final results by outcome; skipped by reason. */
  readonly counts: Readonly<Record<string, number>>
}
