/** CPU time and memory of a process, from /proc; zero on systems other than Linux. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const ticks = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100

/** User and system time in seconds, and resident memory in MB. */
export const usage = (pid: number): { readonly cpu: number; readonly rss: number } => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { cpu: (Number(fields[11]) + Number(fields[12])) / ticks, rss: (Number(fields[21]) * 4096) / 1_048_576 }
  } catch {
    return { cpu: 0, rss: 0 }
  }
}
