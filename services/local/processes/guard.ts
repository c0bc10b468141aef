/**
 * Ends the children of a killed supervisor. Kafka and Redis cannot detect its death, but this process can: its IPC channel
 * closes. It has a process group of its own, so that a signal to the supervisor's group does not reach it.
 */
import { leftovers } from './leftovers.ts'
import { endProcesses, type ProcessIdentity } from './processes.ts'

const guarded = new Map<number, ProcessIdentity>()

export type GuardMessage = { readonly guard: ProcessIdentity } | { readonly release: number }

process.on('message', (message: GuardMessage) => {
  if ('guard' in message) guarded.set(message.guard.pid, message.guard)
  else guarded.delete(message.release)
})
/** The supervisor's data folder. */
const [, , dataDir = ''] = process.argv
process.once('disconnect', () => {
  // The supervisor may have died before it could announce its last child.
  const all = [...guarded.values(), ...leftovers(dataDir)]
  void endProcesses(all, 10_000).then(() => process.exit(0))
})
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
