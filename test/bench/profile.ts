/**
 * `make bench-profile`: what the stages' processes spend their time on, from CPU profiles of the pipeline under load. V8 samples the main
 * thread only; compilers and collectors on other threads are not in it.
 *
 *   node test/bench/profile.ts [--messages 100000] [--top 15]        runs the pipeline
 *   node test/bench/profile.ts --folder FOLDER                       shows profiles that are there
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { benchPipeline } from './pipeline.ts'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '100000' },
    top: { type: 'string', default: '15' },
    folder: { type: 'string' },
  },
})

interface Frame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** The first that matches a function's module, or its name where it has none. */
const parts: readonly (readonly [string, RegExp])[] = [
  ['garbage collection', /^\(garbage collector\)/],
  ['start', /esm\/|cjs\/|bootstrap\/|compileSourceTextModule|internal\/options|(^|\/)yaml\//],
  ['sealing and hashing', /^wasm|runtime\/keys\//],
  ['Kafka client', /@platformatic|adapters\/kafka/],
  ['Redis client', /ioredis|redis-|adapters\/redis|time-buckets|versioned-state\/|checkpoints\//],
  ['HTTP', /_http_|adapters\/http|llhttp/],
  ['formats', /avsc|\/zod\/|topics\/|schemas\/|plain-event|delivery\.ts|^(read|write)[A-Z][a-zA-Z]+ \(|utf8Slice/],
  ['sockets', /^write(Buffer|v|Utf8String|Latin1String)|node:(net|internal\/stream|internal\/streams|stream)|shutdown/],
  ['batch loop, metrics', /runtime\/(batch|metrics|health|process|coalescer)|prom-client/],
  ['decisions', /services\//],
]

/** The modules of a bundle's file: line and name of each, in order. */
const bundled = new Map<string, readonly (readonly [number, string])[]>()
const modulesOf = (file: string) => {
  const known = bundled.get(file)
  if (known) return known
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  const found = lines.flatMap((text, line) => {
    const name = /^\s*\/\/ ((?:\.\.\/)*(?:node_modules|services|schemas|test)\/\S+)$/.exec(text)?.[1]
    return name === undefined ? [] : [[line, name] as const]
  })
  bundled.set(file, found)
  return found
}

const moduleOf = ({ url, lineNumber, functionName }: Frame): string => {
  if (url === '') return functionName
  if (!url.startsWith('file:')) return url
  const file = fileURLToPath(url)
  return modulesOf(file).findLast(([line]) => line <= lineNumber)?.[1] ?? file
}

/** µs by name, without idle time. */
const timesOf = ({ nodes, samples, timeDeltas }: Profile, nameOf: (frame: Frame) => string) => {
  const names = new Map(
    nodes.map(({ id, callFrame }) => [id, callFrame.functionName === '(idle)' ? null : nameOf(callFrame)]),
  )
  const times = new Map<string, number>()
  samples.forEach((id, at) => {
    const name = names.get(id) ?? null
    if (name !== null) times.set(name, (times.get(name) ?? 0) + (timeDeltas[at] as number))
  })
  return times
}

const partOf = (frame: Frame): string => {
  const name = `${moduleOf(frame)} (`
  return parts.find(([, pattern]) => pattern.test(name))?.[0] ?? 'rest'
}
const functionOf = (frame: Frame) => `${frame.functionName || '(anonymous)'}  ${moduleOf(frame)}`

const print = (line: string) => process.stdout.write(`${line}\n`)
const show = (times: ReadonlyMap<string, number>, most: number) => {
  const total = times.values().reduce((sum, time) => sum + time, 0)
  const sorted = [...times].sort(([, one], [, other]) => other - one).slice(0, most)
  for (const [name, time] of sorted) print(`${((100 * time) / total).toFixed(1).padStart(6)} %  ${name}`)
}

const showAll = (folder: string) => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))) {
    const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile
    const main = profile.nodes.map(({ callFrame }) => moduleOf(callFrame)).find((name) => /\/main\.ts$/.test(name))
    print(`\n${main ?? file}`)
    show(timesOf(profile, partOf), parts.length + 1)
    print('')
    show(timesOf(profile, functionOf), Number(values.top))
  }
}

if (values.folder !== undefined) showAll(values.folder)
else {
  const folder = mkdtempSync(join(tmpdir(), 'signals-profile-'))
  try {
    const { arrived, expected } = await benchPipeline({
      messages: Number(values.messages),
      profiles: folder,
    })
    showAll(folder)
    print(`\n${arrived} of ${expected} signals`)
    if (arrived !== expected) process.exitCode = 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
