/** How a child process ended, for the next one: whether the records that it had in work are to blame. */
import type { PreviousEnd } from '../../runtime/config.ts'

/** Signals that a process raises itself: an abort (a heap that is full), an invalid access. */
const ownSignals: ReadonlySet<string> = new Set([
  'SIGABRT',
  'SIGSEGV',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
  'SIGTRAP',
  'SIGSYS',
])

/** Codes of lifecycle.ts. The watchdog's: the stage waited in vain, by the fault of a record or of a dependency. */
const [watchdogCode, restartCode] = [70, 75]

/**
 * A kill by the kernel for want of memory is one from outside: it may hit any process of the machine.
 * @param silent the supervisor killed it, because it did not answer
 */
export const endOf = (code: number | null, signal: NodeJS.Signals | null, silent: boolean): PreviousEnd => {
  if (silent) return 'fault'
  if (signal !== null) return ownSignals.has(signal) ? 'fault' : 'outside'
  if (code === watchdogCode) return 'unknown'
  return code === 0 || code === restartCode ? 'outside' : 'fault'
}
