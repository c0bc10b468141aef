/**
 * Ends the children of a killed supervisor, which Kafka and Redis cannot notice. It has a process group of its own, so that a signal to
 * the supervisor's group does not reach it.
 *
 * Arguments: the data folder, the supervisor's pid and start time. Standard input is a pipe from the supervisor: a line means that all is
 * stopped, an end without one that the supervisor was killed. A shell waits for it and then becomes this process (guard-process.ts).
 */
import { systemClock } from '../../../runtime/clock.ts'
import { leftovers } from '../../processes/leftovers.ts'
import { endProcesses, isAlive } from '../../processes/processes.ts'
import { readState, runningState } from '../state-file.ts'

const [, , dataDir = '', pid = '', startedAt = ''] = process.argv
const supervisor = { pid: Number(pid), startedAt }

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
process.stdin.once('data', () => process.exit(0))
process.stdin.once('end', async () => {
  // The pipe closes a moment before the process is gone.
  for (let polls = 0; polls < 100 && isAlive(supervisor); polls++) await systemClock.sleep(50)
  // The next supervisor of the folder has ended the children before it started its own.
  if (runningState(dataDir) === null) {
    const children = Object.values(readState(dataDir)?.children ?? {})
    await endProcesses([...children, ...leftovers(dataDir)], 10_000)
  }
  process.exit(0)
})
