/** One-shot timers: a port beside `Clock`, so that tests do not wait for real time. */

export interface Timers {
  /** Runs the task once after so many ms; the function it returns cancels that. A timer does not keep the process alive. */
  after(ms: number, task: () => void): () => void
  /** Runs the task after the input that lies in the sockets already. */
  afterPendingInput(task: () => void): void
}

export const systemTimers: Timers = {
  after: (ms, task) => {
    const timer = setTimeout(task, ms).unref()
    return () => clearTimeout(timer)
  },
  // The first immediate runs in the poll phase's round; the second after the next round has read the sockets.
  afterPendingInput: (task) => {
    setImmediate(() => setImmediate(task))
  },
}
