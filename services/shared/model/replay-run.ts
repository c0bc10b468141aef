/** `replays.v1`. */
export const replayStatuses = ['running', 'stopped', 'cancelled', 'done', 'failed'] as const
export type ReplayStatus = (typeof replayStatuses)[number]

export interface ReplayStretch {
  readonly partition: number
  readonly from: number
  /** Not included. */
  readonly to: number
}

/** A replay that sends: written when it begins, every second while it runs, and when it ends. */
export interface ReplayRun {
  readonly run: string
  readonly status: ReplayStatus
  /** The process that works on it; whoever resumes it takes it over. */
  readonly owner: string
  /** ms */
  readonly createdAt: number
  /** ms; a running one that has not been heard of for a while was killed. */
  readonly updatedAt: number
  /** What was asked, as JSON: with the stretches it gives the same decisions again. */
  readonly request: string
  readonly stretches: readonly ReplayStretch[]
  /** Ends of the lane and of the deliveries when the run began, by partition: what is the run's lies behind them. */
  readonly laneFrom: Readonly<Record<string, number>>
  readonly deliveriesFrom: Readonly<Record<string, number>>
  /** new, reported, published, settled by outcome, waiting, skipped by reason. */
  readonly counts: Readonly<Record<string, number>>
}
