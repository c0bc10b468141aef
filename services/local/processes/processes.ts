/** Processes by identity: an id alone may have been given to somebody else since. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in whatever form the system tells; with the id it names one process. */
  readonly startedAt: string
}

/** null when there is no such process. */
export const identifyProcess = (pid: number): ProcessIdentity | null => {
  try {
    // Field 22 of /proc/<pid>/stat, behind the command's name in brackets.
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

/** Signals a process if it is still the same one. */
export const signalProcess = (process_: ProcessIdentity, signal: NodeJS.Signals): boolean => {
  if (!isAlive(process_)) return false
  try {
    process.kill(process_.pid, signal)
    return true
  } catch {
    return false
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** SIGTERM, then SIGKILL for those that are still there. */
export const endProcesses = async (processes: readonly ProcessIdentity[], patienceMs: number): Promise<void> => {
  for (const process_ of processes) signalProcess(process_, 'SIGTERM')
  const end = Date.now() + patienceMs
  while (Date.now() < end && processes.some(isAlive)) await sleep(50)
  for (const process_ of processes) signalProcess(process_, 'SIGKILL')
}
