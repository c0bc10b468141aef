/**
 * Runs the four stages on the broker and Redis of another benchmark, as in production: with registry, seals and consent, after
 * peer-setup.ts has written connections and keywords. With `--compact` they are in one process.
 *
 * BENCH_USAGE names a file for the CPU and memory of each process; BENCH_PROFILE a folder for CPU profiles.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { localFields } from '../../services/local/config.ts'
import { runningState } from '../../services/local/supervisor/state-file.ts'
import { Supervisor } from '../../services/local/supervisor/supervisor.ts'
import { loadConfig } from '../../services/runtime/config.ts'
import { usage } from './usage.ts'

const masterKey = Buffer.alloc(32, 1).toString('base64')
const profile = process.env.BENCH_PROFILE
const env = {
  ...(profile ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` } : {}),
  // No other pipeline of the benchmark waits for late referrals.
  ATTRIBUTION_WAIT: '0',
  ...process.env,
  SIGNALS_MASTER_KEY: masterKey,
  LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn',
}

/** Connections and the keyword list, as commands write them: by a process that ends. @throws Error when it fails */
const setUp = async ({ brokers, registry }: { readonly brokers: string; readonly registry: string }) => {
  const program = import.meta.url.endsWith('.ts')
    ? join(import.meta.dirname, 'peer-setup.ts')
    : join(import.meta.dirname, 'bench-peer-setup.js')
  const settings = { KAFKA_BROKERS: brokers, SCHEMA_REGISTRY_URL: registry }
  const child = spawn(process.execPath, [program], {
    env: { ...env, ...settings },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${program} ended with ${code}`)
}

/** CPU of each process since it was ready, for comparisons of stages. */
const atReady = new Map<string, number>()
const cpuByName = () => {
  const { children = {} } = runningState(process.env.SIGNALS_DATA_DIR ?? '') ?? {}
  return Object.entries(children).map(([name, { pid }]) => ({ name, ...usage(pid) }))
}
const writeUsage = (file: string) =>
  writeFileSync(
    file,
    JSON.stringify(
      Object.fromEntries(
        cpuByName().map(({ name, cpu, rss }) => [
          name,
          { cpu: cpu - (atReady.get(name) ?? 0), start: atReady.get(name), rss },
        ]),
      ),
    ),
  )

const isCompact = process.argv.includes('--compact')
const supervisor = new Supervisor(loadConfig(localFields, env), env, (line) => process.stderr.write(`${line}\n`), {
  isCompact,
})
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    if (process.env.BENCH_USAGE) writeUsage(process.env.BENCH_USAGE)
    void supervisor.stop().then(() => process.exit(0))
  })

const parts = await supervisor.startParts()
await setUp(parts)
await supervisor.startServices(parts, ['ingest', 'attribution', 'keywords', 'dispatch'])
for (const { name, cpu } of cpuByName()) atReady.set(name, cpu)
