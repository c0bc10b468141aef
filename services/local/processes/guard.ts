/**
 * Ends the children of a supervisor that was killed. Brokers and Redis cannot notice that by themselves; this process can: its
 * channel to the supervisor closes. It runs in a process group of its own, so a signal to the supervisor's group passes it by.
 */
import { endProcesses, type ProcessIdentity } from './processes.ts'

const guarded = new Map<number, ProcessIdentity>()

export type GuardMessage = { readonly guard: ProcessIdentity } | { readonly release: number }

process.on('message', (message: GuardMessage) => {
  if ('guard' in message) guarded.set(message.guard.pid, message.guard)
  else guarded.delete(message.release)
})
process.once('disconnect', () => {
  void endProcesses([...guarded.values()], 10_000).then(() => process.exit(0))
})
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
