/** Progress of a command on standard error: a line that replaces itself in a terminal, and at most one line a second elsewhere. */
import { systemClock } from '../../../runtime/clock.ts'

const intervalMs = 1_000

/** @returns `report` with a text and a share of 0 to 1; `end` ends the line, and may be called again */
export const shareProgress = () => {
  const isTerminal = process.stderr.isTTY
  let reportedAt = Number.NEGATIVE_INFINITY
  let isOpen = false
  return {
    report: (text: string, share: number) => {
      const now = systemClock.monotonic()
      if (share < 1 && now - reportedAt < intervalMs) return
      reportedAt = now
      const line = `${String(Math.floor(share * 100)).padStart(3)} %  ${text}`
      process.stderr.write(isTerminal ? `\r\u001b[K${line}` : `${line}\n`)
      isOpen = isTerminal
    },
    end: () => {
      if (isOpen) process.stderr.write('\n')
      isOpen = false
    },
  }
}
