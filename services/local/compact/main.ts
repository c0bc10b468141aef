/**
 * The process of `signals up --compact`: runs all services in one thread, each with the environment of a process of its own. They share code,
 * also what V8 has compiled of it, and a service that fails starts again alone.
 */
import { systemClock } from '../../runtime/clock.ts'
import { createLog, errorFacts } from '../../runtime/log.ts'
import { type Service, startService } from '../../runtime/process/lifecycle.ts'
import { letOldGenerationGrow } from '../../runtime/process/old-generation.ts'
import { type TaskSpec, tasksVariable } from '../processes/shared-process.ts'
import { failOwner, Task } from './task.ts'

/** Loads only what runs. */
const services: Readonly<Record<string, () => Promise<Service>>> = {
  gateway: async () => (await import('../../gateway/service.ts')).gatewayService,
  ingest: async () => (await import('../../ingest/service.ts')).ingestService,
  attribution: async () => (await import('../../attribution/service.ts')).attributionService,
  keywords: async () => (await import('../../keywords/service.ts')).keywordsService,
  dispatch: async () => (await import('../../dispatch/service.ts')).dispatchService,
  console: async () => (await import('../../control/service.ts')).controlService,
  simulator: async () => (await import('../simulator/service.ts')).simulatorService,
}

const report = (line: string) => process.stderr.write(`signals: ${line}\n`)

const fail = (error: unknown): never => {
  createLog('compact', 'info').fatal(errorFacts(error), 'ended by an error of no service')
  process.exit(1)
}
for (const event of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(event, (error) => failOwner(error) || fail(error))

letOldGenerationGrow()
const specs = JSON.parse(process.env[tasksVariable] ?? '[]') as readonly TaskSpec[]
const taskOf = async ({ name, env }: TaskSpec): Promise<[string, Task]> => {
  const service = (await services[name]?.()) ?? fail(new Error(`no service is named ${name}`))
  return [
    name,
    new Task({
      ...{ name, env, report, clock: systemClock },
      start: (host) => startService(service, host),
      exit: (code) => process.exit(code),
    }),
  ]
}
const tasks = new Map(await Promise.all(specs.map(taskOf)))

let isStopping = false
const stop = async () => {
  if (isStopping) return
  isStopping = true
  // The gateway first, so that nothing new comes in; the stages drain in parallel.
  await tasks.get('gateway')?.stop()
  await Promise.all([...tasks.values()].map((task) => task.stop()))
  process.exit(0)
}
for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(event, () => void stop())
for (const task of tasks.values()) task.start()
