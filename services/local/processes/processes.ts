/** Identifies processes by pid and start time, because the system reuses pids. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { systemClock } from '../../runtime/clock.ts'
import type { Clock, Timers } from '../../runtime/ports.ts'

export interface ProcessIdentity {
  readonly pid: number
  /** Start time in the system's own format; with the pid it identifies one process. */
  readonly startedAt: string
}

/** null when no process has this pid. */
export const identifyProcess = (pid: number): ProcessIdentity | null => {
  try {
    // Field 22 of /proc/<pid>/stat; the fields are counted from behind the command's name in brackets.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z') return null
    return { pid, startedAt: fields[19] as string }
  } catch {
    if (process.platform === 'linux') return null
    const started = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim()
    return started ? { pid, startedAt: started } : null
  }
}

export const isAlive = ({ pid, startedAt }: ProcessIdentity): boolean => identifyProcess(pid)?.startedAt === startedAt

/** Signals the process unless its pid now belongs to another one. @returns whether the signal was sent */
export const signalProcess = (process_: ProcessIdentity, signal: NodeJS.Signals): boolean => {
  if (!isAlive(process_)) return false
  try {
    process.kill(process_.pid, signal)
    return true
  } catch {
    return false
  }
}

/** Sends SIGTERM to all, and after `timeoutMs` SIGKILL to those that still run. */
export const endProcesses = async (
  processes: readonly ProcessIdentity[],
  timeoutMs: number,
  clock: Clock & Timers = systemClock,
): Promise<void> => {
  for (const process_ of processes) signalProcess(process_, 'SIGTERM')
  const end = clock.monotonic() + timeoutMs
  while (clock.monotonic() < end && processes.some(isAlive)) await clock.sleep(50)
  for (const process_ of processes) signalProcess(process_, 'SIGKILL')
}
