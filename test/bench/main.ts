/**
 * `make bench`: the pipeline on real parts, from a full input topic to the last signal: messages per second, CPU and memory of each
 * process. If a benchmark of several pipelines is checked out next to the project, this pipeline also runs in it, in turn with them.
 *
 *   node test/bench/main.ts [--messages 100000] [--peers kafka-streams,node-kafkajs-batch] [--rounds 1] [--no-latency]
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { latencies } from './latency.ts'
import { benchPipeline } from './pipeline.ts'

const { values } = parseArgs({
  allowNegative: true,
  options: {
    messages: { type: 'string', default: '100000' },
    peers: { type: 'string', default: 'kafka-streams,node-kafkajs-batch' },
    rounds: { type: 'string', default: '1' },
    latency: { type: 'boolean', default: true },
  },
})
const print = (line: string) => process.stdout.write(`${line}\n`)
const showPipeline = async (messages: number) => {
  const figures = await benchPipeline({ messages })
  const { expected, arrived, repeated, calls, messagesPerSecond, processes } = figures
  print(
    `\n${messages} messages, ${expected} signals expected, ${arrived} arrived, ${repeated} repeated, ${calls} calls`,
  )
  print(`${Math.round(messagesPerSecond)} messages/s from the first tenth of the signals to the last\n`)
  print('process       CPU µs/message   peak RSS MB')
  for (const { name, cpu, rss } of processes)
    print(`${name.padEnd(14)}${cpu.toFixed(1).padStart(14)}${rss.toFixed(0).padStart(14)}`)
  print(`${'four stages'.padEnd(14)}${figures.stagesAfterStart.toFixed(1).padStart(14)}   (without their start-up)`)
  if (arrived !== expected) process.exitCode = 1
}

/** One run of the benchmark of several pipelines; null where it is missing or does not run here. */
const benchPeer = (peer: string, mode: 'throughput' | 'latency', count: number): Record<string, unknown> | null => {
  const runner = join(import.meta.dirname, '../../../shared/bench/run.sh')
  if (!existsSync(runner)) return null
  const build = process.env.BENCH_BUILD ?? join(tmpdir(), 'signals-bench-build')
  const args = [runner, peer, mode, String(count)]
  if (peer.startsWith('messaging-signals')) args.push('--peer-file', join(import.meta.dirname, 'peer.mjs'))
  const { stdout } = spawnSync('bash', args, {
    env: { ...process.env, BENCH_BUILD: build },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const last = stdout.trim().split('\n').at(-1) ?? ''
  return last.startsWith('{') ? (JSON.parse(last) as Record<string, unknown>) : null
}

/** 1,000 messages a second for 70 s, of which the first ten do not count. */
const latencyMessages = 70_000

/** A row of the comparison; null where the benchmark is missing. */
const comparisonOf = (peer: string, count: number): readonly unknown[] | null => {
  const run = benchPeer(peer, 'throughput', count)
  if (!run) return null
  const paced = values.latency ? benchPeer(peer, 'latency', latencyMessages) : null
  const { p50, p99 } = (paced?.latencyMs ?? {}) as { p50?: number; p99?: number }
  const start = Math.round((Number(run.secondsWithStart) - Number(run.seconds)) * 10) / 10
  const { messagesPerSecond, cpuSecondsPerMillionAfterStart, brokerCpuSecondsPerMillion, redisCpuSecondsPerMillion } =
    run
  return [
    ...[messagesPerSecond, cpuSecondsPerMillionAfterStart, brokerCpuSecondsPerMillion, redisCpuSecondsPerMillion],
    ...[run.peakRssMb, start, p50, p99, run.correct],
  ]
}

const count = Number(values.messages)
await showPipeline(count)
for (const options of [[], ['--compact']]) {
  const took = await latencies(200, options)
  const quantile = (q: number) => Math.round(took[Math.min(took.length - 1, Math.floor(q * took.length))] ?? 0)
  print(
    `\n${['signals up', ...options].join(' ')}, webhook to TikTok without load: median ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms, largest ${quantile(1)} ms (${took.length} messages, one at a time)`,
  )
}
const peers = [
  'messaging-signals',
  'messaging-signals-compact',
  ...values.peers.split(',').filter((name) => name !== ''),
]
const columns = ['messages/s', 'CPU µs', 'broker', 'Redis', 'RSS MB', 'start s', 'p50 ms', 'p99 ms', 'correct']
const line = (cells: readonly unknown[]) => cells.map((cell) => String(cell ?? '-').padStart(11)).join('')
let hasHeader = false
for (let round = 0; round < Number(values.rounds); round++) {
  for (const peer of peers) {
    const row = comparisonOf(peer, count)
    if (!row) continue
    if (!hasHeader)
      print(
        `\ncompared with other pipelines, run in turn (the benchmark's README describes each); CPU a message after the start\n${'peer'.padEnd(26)}${line(columns)}`,
      )
    hasHeader = true
    print(`${peer.padEnd(26)}${line(row)}`)
  }
}
