/** Has the system give a process the processor after others that want it. */
import { writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import type { Clock } from '../../runtime/ports.ts'

/** Linux takes one change of a group in 100 ms from users other than root. */
const pauseMs = 120
const attempts = 40

/**
 * Where Linux shares the processor out among sessions (autogroups), a niceness counts within its session only, and a detached process is a
 * session of its own. So the group is set as well. Without the right to do either, the process keeps its priority.
 * @param niceness 0 (as others) to 19
 * @param isRunning whether the pid is still this process
 */
export const lowerPriority = async (
  pid: number,
  niceness: number,
  clock: Pick<Clock, 'sleep'>,
  isRunning: () => boolean,
): Promise<void> => {
  try {
    setPriority(pid, niceness)
  } catch {
    // The process has ended, or a sandbox forbids it.
  }
  for (let attempt = 0; attempt < attempts && isRunning(); attempt++) {
    try {
      writeFileSync(`/proc/${pid}/autogroup`, String(niceness))
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
    }
    await clock.sleep(pauseMs)
  }
}
