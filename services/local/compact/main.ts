/**
 * The process of `signals up --compact`: runs each service in a thread, from the same program and with the same environment as a process
 * of its own. Threads share the memory of Node, and a service that fails starts again alone.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { systemClock } from '../../runtime/clock.ts'
import { ownBundle, projectRoot } from '../bundle/own.ts'
import { type Program, programs } from '../bundle/programs.ts'
import { answers } from '../processes/answers.ts'
import { Task } from './task.ts'
import { type CompactSpec, compactVariable, type TaskSpec } from './tasks.ts'

/** Longer than a service's own limit of 20 s for stopping. */
const stopTimeoutMs = 21_000
/** A small young generation, since each thread has one. */
const resourceLimits = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 768 }

const report = (line: string) => process.stderr.write(`signals: ${line}\n`)

const fileOf = (name: string): string => {
  const file = ownBundle ? join(ownBundle, `${name}.js`) : join(projectRoot(), programs[name as Program])
  if (existsSync(file)) return file
  report(`${file} is missing: the services start again from their sources`)
  process.exit(1)
}

const { tasks: specs, livenessMs } = JSON.parse(process.env[compactVariable] ?? '{}') as CompactSpec

const taskOf = ({ name, env, livezUrl }: TaskSpec): Task =>
  new Task({
    name,
    open: () => new Worker(fileOf(name), { env, resourceLimits, name }),
    clock: systemClock,
    report,
    ...(livenessMs > 0 ? { liveness: { answers: () => answers(livezUrl), timeoutMs: livenessMs } } : {}),
    stopTimeoutMs,
  })

const tasks = new Map(specs.map((spec) => [spec.name, taskOf(spec)]))

let isStopping = false
const stopAll = async () => {
  // The gateway first, so that nothing new comes in; the stages drain in parallel.
  await tasks.get('gateway')?.stop()
  await Promise.all([...tasks.values()].map((task) => task.stop()))
  process.exit(0)
}
const stop = () => {
  if (isStopping) return
  isStopping = true
  void stopAll()
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop)
process.once('disconnect', stop)
for (const task of tasks.values()) task.start()
