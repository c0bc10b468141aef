/** Runs a service as the only one of its process. It also stops when its supervisor exits, which closes the IPC channel. */
import type { Host } from './host.ts'
import { type Service, startService } from './lifecycle.ts'

const ownProcess: Host = {
  env: process.env,
  onStop: (stop) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(signal))
    process.once('disconnect', () => stop('the supervisor has exited'))
  },
  onError: (fail) => {
    process.on('uncaughtException', fail)
    process.on('unhandledRejection', fail)
  },
  ended: (code) => process.exit(code),
  exit: (code) => process.exit(code),
}

export const runProcess = (service: Service): void => startService(service, ownProcess)
