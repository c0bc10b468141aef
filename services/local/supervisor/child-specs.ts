/** How the services run: each in a process of its own, or all in one. */
import { join } from 'node:path'
import { locateProgram } from '../bundle/locate.ts'
import { answers } from '../processes/answers.ts'
import type { ChildSpec } from '../processes/child.ts'
import { pickEnvironment } from '../processes/environment.ts'
import { type TaskSpec, tasksVariable } from '../processes/shared-process.ts'
import type { ServiceName } from './environments.ts'

export interface ServiceSpec {
  readonly name: ServiceName
  readonly env: NodeJS.ProcessEnv
  /** Answers with 200 once the service can do its work. */
  readonly readyUrl: string
}

export interface ChildResources {
  /** Folder of the log files. */
  readonly logs: string
  /** The project's root. */
  readonly root: string
  /** Folder of the bundle; null: the services run from their sources. */
  readonly bundle: string | null
  readonly report: (line: string) => void
  /** What does not answer for this long is ended and started again; 0: never. */
  readonly livenessMs: number
}

/** Longer than a service's own limit of 20 s for stopping. */
const stopTimeoutMs = 22_000

const livezOf = (readyUrl: string) => readyUrl.replace(/readyz$/, 'livez')

/** Sizes of the heap, MB. A batch should be garbage before the collector copies it out of the young generation. */
const stageHeap = ['--max-semi-space-size=16', '--max-old-space-size=1024']
/** Of all services in one process, for small memory: twice the size brings no gain. */
const sharedHeap = ['--max-semi-space-size=8', '--max-old-space-size=1024']
const smallHeap = ['--max-semi-space-size=4', '--max-old-space-size=512']
/**
 * Settings of glibc for memory outside of the heap, bytes: V8's threads share one arena, and the buffers of fetches and requests are taken
 * from it again and again. With limits as low as its own, glibc returns each to the system, which zeroes pages for the next one.
 */
const keptBuffers = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '33554432', MALLOC_MMAP_THRESHOLD_: '33554432' }
const heapOf: Readonly<Record<ServiceName, readonly string[]>> = {
  gateway: smallHeap,
  ingest: stageHeap,
  attribution: stageHeap,
  keywords: stageHeap,
  dispatch: stageHeap,
  console: smallHeap,
  simulator: smallHeap,
}

export const separateSpecs = (
  services: readonly ServiceSpec[],
  { logs, root, bundle, report, livenessMs }: ChildResources,
): readonly ChildSpec[] =>
  services.map(({ name, env, readyUrl }) => ({
    name,
    command: process.execPath,
    args: () => [...heapOf[name], locateProgram(name, root, bundle, report)],
    env: { ...keptBuffers, ...env },
    ipc: true,
    logFile: join(logs, `${name}.log`),
    isReady: () => answers(readyUrl),
    ...(livenessMs > 0 ? { liveness: { answers: () => answers(livezOf(readyUrl)), timeoutMs: livenessMs } } : {}),
    stopTimeoutMs,
  }))

/** One process for all; it restarts a service that fails, and this supervisor restarts the process. */
export const compactSpec = (
  services: readonly ServiceSpec[],
  env: NodeJS.ProcessEnv,
  { logs, root, bundle, report, livenessMs }: ChildResources,
): ChildSpec => {
  const every = async (urls: readonly string[]) => (await Promise.all(urls.map(answers))).every(Boolean)
  const some = async (urls: readonly string[]) => (await Promise.all(urls.map(answers))).some(Boolean)
  const readyUrls = services.map(({ readyUrl }) => readyUrl)
  const tasks: readonly TaskSpec[] = services.map(({ name, env: own }) => ({ name, env: own }))
  return {
    name: 'compact',
    services: services.map(({ name }) => name),
    command: process.execPath,
    args: () => [...sharedHeap, locateProgram('compact', root, bundle, report)],
    env: {
      ...keptBuffers,
      ...pickEnvironment(env, (name) => name.startsWith('NODE_')),
      NODE_COMPILE_CACHE: services[0]?.env.NODE_COMPILE_CACHE,
      [tasksVariable]: JSON.stringify(tasks),
    },
    ipc: true,
    logFile: join(logs, 'compact.log'),
    isReady: () => every(readyUrls),
    // A service that starts again does not answer. They have one event loop, so a blocked one answers for none.
    ...(livenessMs > 0 ? { liveness: { answers: () => some(readyUrls.map(livezOf)), timeoutMs: livenessMs } } : {}),
    stopTimeoutMs: stopTimeoutMs + 2_000,
  }
}
