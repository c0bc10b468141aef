/** The pauses before restarts in a row, of a process or of a task. */

/** The first restart is immediate, and no pause is longer than 10 s. */
const pausesMs = [0, 500, 1_000, 2_000, 5_000, 10_000]
/** What ran this long starts over. */
const steadyAfterMs = 30_000

export class BackOff {
  #restarts = 0

  /** @param ranMs how long it ran until it ended. @returns the pause, ms */
  next(ranMs: number): number {
    if (ranMs > steadyAfterMs) this.#restarts = 0
    return pausesMs[Math.min(this.#restarts++, pausesMs.length - 1)] as number
  }
}

/** A line for the operator. @param cause such as a signal */
export const restartLine = (name: string, cause: string, pauseMs: number): string =>
  `${name} ended (${cause}), starting it again${pauseMs > 0 ? ` in ${pauseMs / 1000} s` : ''}`
