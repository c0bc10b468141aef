/**
 * Keeps the state file up to date. A full disk must not end the supervisor, which is the one that keeps the stages running: the
 * writer reports it and tries again until there is room.
 */
import type { Timers } from '../../runtime/ports.ts'

const retryMs = 5_000

export class StateWriter {
  readonly #write: () => void
  readonly #report: (line: string) => void
  readonly #timers: Pick<Timers, 'after'>
  #cancel: (() => void) | undefined
  #isFailing = false

  /** @param write writes the present state @throws Error of the file system */
  constructor(write: () => void, report: (line: string) => void, timers: Pick<Timers, 'after'>) {
    this.#write = write
    this.#report = report
    this.#timers = timers
  }

  write(): void {
    this.#cancel?.()
    this.#cancel = undefined
    try {
      this.#write()
      if (this.#isFailing) this.#report('the state file is written again')
      this.#isFailing = false
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      if (!this.#isFailing)
        this.#report(`the state file cannot be written (${code}): free the disk; the stages keep running`)
      this.#isFailing = true
      this.#cancel = this.#timers.after(retryMs, () => this.write())
    }
  }

  stop(): void {
    this.#cancel?.()
  }
}
