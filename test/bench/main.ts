/**
 * `make bench`: the pipeline on real parts, from a full input topic to the last signal: messages per second, CPU and memory of each
 * process. If a benchmark of several pipelines is checked out next to the project, this pipeline also runs in it, in turn with them.
 *
 *   node test/bench/main.ts [--messages 100000] [--peers kafka-streams,node-kafkajs-batch] [--rounds 1] [--no-latency]
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { writeList } from '../../services/keywords/lists/store.ts'
import { localFields } from '../../services/local/config.ts'
import { runningState } from '../../services/local/supervisor/state-file.ts'
import { Supervisor } from '../../services/local/supervisor/supervisor.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { openRegistry } from '../../services/runtime/adapters/registry/registry.ts'
import { kafkaSettingsOf, loadConfig } from '../../services/runtime/config.ts'
import { Keyring } from '../../services/runtime/keys/keyring.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { connectionRecordOf, parseConnection } from '../../services/shared/connections/connection.ts'
import { topics } from '../../services/topology.ts'
import { latencies } from './latency.ts'
import { openSink } from './sink.ts'
import { usage } from './usage.ts'
import { accounts, keywords, makeWorkload } from './workload.ts'

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
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const benchPipeline = async (count: number) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'signals-bench-'))
  const sink = await openSink()
  const masterKey = Buffer.alloc(32, 1).toString('base64')
  const env = {
    ...process.env,
    SIGNALS_DATA_DIR: dataDir,
    TIKTOK_BASE_URL: sink.url,
    SIGNALS_MASTER_KEY: masterKey,
    LOG_LEVEL: 'warn',
  }
  const supervisor = new Supervisor(loadConfig(localFields, env), env, () => {})
  try {
    const parts = await supervisor.startParts()
    const broker = openBroker(kafkaSettingsOf(process.env, parts.brokers, 'bench'))
    const codec = await Codec.open(openRegistry(parts.registry))
    const keyring = await Keyring.open(masterKey)
    const producer = await broker.producer()
    await producer.send(
      accounts.map((accountId) => {
        const input = {
          connectionId: accountId,
          tenantId: 'bench',
          source: 'whatsapp',
          accountId,
          advertiserId: '1',
          eventSetId: accountId,
          accessToken: 'bench',
        }
        return {
          topic: topics.connections.name,
          key: accountId,
          value: codec.encode(
            'connections',
            connectionRecordOf(parseConnection(input), undefined, Date.now(), keyring),
          ),
        }
      }),
    )
    await writeList(broker, codec, {
      listId: 'default',
      version: 1,
      createdAt: Date.now(),
      entries: keywords,
      shadow: false,
      copyOf: null,
      author: null,
      checked: false,
    })
    const { events, signals } = makeWorkload(count, Date.now() - 3_600_000)
    for (let from = 0; from < events.length; from += 5_000) {
      await producer.send(
        events.slice(from, from + 5_000).map((event) => ({
          topic: topics.channelEvents.name,
          key: event.conversationId,
          value: Buffer.from(JSON.stringify(event)),
        })),
      )
    }
    await producer.close()
    await broker.close()

    const stages = ['ingest', 'attribution', 'keywords', 'dispatch'] as const
    await supervisor.startServices(parts, stages)
    const peak: Record<string, number> = {}
    const pids = () => runningState(dataDir)?.children ?? {}
    const end = Date.now() + 600_000
    while (sink.arrivals.length < signals && Date.now() < end) {
      await sleep(250)
      for (const [name, { pid }] of Object.entries(pids())) peak[name] = Math.max(peak[name] ?? 0, usage(pid).rss)
    }
    const at = (share: number) =>
      sink.arrivals[Math.min(sink.arrivals.length - 1, Math.floor(sink.arrivals.length * share))] ?? 0
    const seconds = (at(1) - at(0.1)) / 1000
    print(
      `\n${count} messages, ${signals} signals expected, ${sink.arrivals.length} arrived, ${sink.repeated()} repeated, ${sink.calls()} calls`,
    )
    print(`${Math.round((0.9 * count) / seconds)} messages/s from the first tenth of the signals to the last\n`)
    print('process       CPU µs/message   peak RSS MB')
    let sum = 0
    for (const name of [...stages, 'kafka', 'redis', 'registry']) {
      const { cpu } = usage(pids()[name]?.pid ?? 0)
      const perMessage = (cpu * 1e6) / count
      if ((stages as readonly string[]).includes(name)) sum += perMessage
      print(`${name.padEnd(14)}${perMessage.toFixed(1).padStart(14)}${(peak[name] ?? 0).toFixed(0).padStart(14)}`)
    }
    print(`${'four stages'.padEnd(14)}${sum.toFixed(1).padStart(14)}   (with their start-up)`)
    if (sink.arrivals.length !== signals) process.exitCode = 1
  } finally {
    await supervisor.stop()
    sink.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** One run of the benchmark of several pipelines; null where it is missing or does not run here. */
const benchPeer = (peer: string, mode: 'throughput' | 'latency', count: number): Record<string, unknown> | null => {
  const runner = join(import.meta.dirname, '../../../shared/bench/run.sh')
  if (!existsSync(runner)) return null
  const build = process.env.BENCH_BUILD ?? join(tmpdir(), 'signals-bench-build')
  const args = [runner, peer, mode, String(count)]
  if (peer === 'messaging-signals') args.push('--peer-file', join(import.meta.dirname, 'peer.mjs'))
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
await benchPipeline(count)
const took = await latencies(200)
const quantile = (q: number) => Math.round(took[Math.min(took.length - 1, Math.floor(q * took.length))] ?? 0)
print(
  `\nwebhook to TikTok without load: median ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms, largest ${quantile(1)} ms (${took.length} messages, one at a time)`,
)
const peers = ['messaging-signals', ...values.peers.split(',').filter((name) => name !== '')]
const columns = ['messages/s', 'CPU µs', 'broker', 'Redis', 'RSS MB', 'start s', 'p50 ms', 'p99 ms', 'correct']
const line = (cells: readonly unknown[]) => cells.map((cell) => String(cell ?? '-').padStart(11)).join('')
let hasHeader = false
for (let round = 0; round < Number(values.rounds); round++) {
  for (const peer of peers) {
    const row = comparisonOf(peer, count)
    if (!row) continue
    if (!hasHeader)
      print(
        `\ncompared with other pipelines, run in turn (the benchmark's README describes each); CPU a message after the start\n${'peer'.padEnd(20)}${line(columns)}`,
      )
    hasHeader = true
    print(`${peer.padEnd(20)}${line(row)}`)
  }
}
