/** The faults of `make chaos`: signals to processes, Redis without its data or its last writes, and answers of TikTok that get lost. */
import { cpSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stageNames } from '../../services/topology.ts'

interface Faults {
  readonly dataDir: string
  /** Of the simulator. */
  readonly tiktok: string
  /** Starts the killed supervisor again. */
  restartSupervisor(): Promise<void>
  supervisorPid(): number
}

/** Longer than the session of 10 s. */
const stoppedMs = 15_000

export const openFaults = ({ dataDir, tiktok, restartSupervisor, supervisorPid }: Faults) => {
  const pidOf = (name: string): number => {
    const { children } = JSON.parse(readFileSync(join(dataDir, 'state.json'), 'utf8')) as {
      children: Record<string, { pid: number }>
    }
    return children[name]?.pid ?? 0
  }
  const signal = (name: string, kind: NodeJS.Signals) => {
    try {
      process.kill(pidOf(name), kind)
    } catch {
      // It is just being started again.
    }
  }
  const stopFor = async (name: string) => {
    const pid = pidOf(name)
    process.kill(pid, 'SIGSTOP')
    await sleep(stoppedMs)
    // The supervisor may have killed it: it did not answer.
    try {
      process.kill(pid, 'SIGCONT')
    } catch {}
  }
  /** Changes the files of Redis while it is dead and its supervisor cannot start it again. */
  const whileRedisIsDead = async (change: () => void) => {
    const supervisor = supervisorPid()
    process.kill(supervisor, 'SIGSTOP')
    try {
      signal('redis', 'SIGKILL')
      await sleep(200)
      change()
    } finally {
      process.kill(supervisor, 'SIGCONT')
    }
  }
  const appended = join(dataDir, 'redis', 'appendonlydir')
  const kept = join(dataDir, 'redis', 'kept')
  const answers = (fault: object) => async () => {
    const response = await fetch(`${tiktok}/_control/faults`, { method: 'POST', body: JSON.stringify(fault) })
    if (!response.ok) throw new Error(`the simulator answered ${response.status}`)
  }
  const kill = (name: string) => async () => signal(name, 'SIGKILL')

  return {
    ...Object.fromEntries(stageNames.map((stage) => [`kill ${stage}`, kill(stage)])),
    'kill kafka': kill('kafka'),
    'kill redis': kill('redis'),
    'kill registry': kill('registry'),
    'kill console': kill('console'),
    'kill supervisor': async () => {
      process.kill(supervisorPid(), 'SIGKILL')
      // The guard ends the parts.
      await sleep(3_000)
      await restartSupervisor()
    },
    ...Object.fromEntries(
      ['kafka', 'ingest', 'attribution', 'keywords', 'dispatch'].map((name) => [`stop ${name}`, () => stopFor(name)]),
    ),
    'empty redis': () => whileRedisIsDead(() => rmSync(appended, { recursive: true, force: true })),
    'lose writes of redis': async () => {
      rmSync(kept, { recursive: true, force: true })
      cpSync(appended, kept, { recursive: true })
      await sleep(3_000)
      await whileRedisIsDead(() => {
        if (!existsSync(kept)) return
        rmSync(appended, { recursive: true, force: true })
        renameSync(kept, appended)
      })
    },
    'lose answers': answers({ reset: true, taken: true, count: 5 }),
    'hang answers': answers({ timeout: true, taken: true, count: 3 }),
    'halve answers': answers({ body: '{"code":0,"mess', taken: true, count: 5 }),
  } as Readonly<Record<string, () => Promise<unknown>>>
}
