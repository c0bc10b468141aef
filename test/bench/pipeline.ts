/**
 * The pipeline on real parts of its own, from a full input topic to the last signal at a sink: rate, CPU and memory of each process.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { writeList } from '../../services/keywords/lists/store.ts'
import { localFields } from '../../services/local/config.ts'
import { runningState } from '../../services/local/supervisor/state-file.ts'
import { Supervisor } from '../../services/local/supervisor/supervisor.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { openRegistry } from '../../services/runtime/adapters/registry/registry.ts'
import { kafkaSettingsOf, loadConfig } from '../../services/runtime/config.ts'
import { Keyring } from '../../services/runtime/keys/keyring.ts'
import type { Producer, ProducerRecord } from '../../services/runtime/ports.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { connectionRecordOf } from '../../services/shared/connections/connection.ts'
import { parseConnection } from '../../services/shared/connections/connection-file.ts'
import { topics } from '../../services/topology.ts'
import { openSink } from './sink.ts'
import { usage } from './usage.ts'
import { accounts, keywords, makeWorkload } from './workload.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** A broker that has just made many partitions has no leader yet for some of them. */
const sendOnceLed = async (producer: Producer, records: readonly ProducerRecord[]): Promise<void> => {
  for (let tries = 1; ; tries++) {
    try {
      return await producer.send(records)
    } catch (error) {
      if (tries === 20) throw error
      await sleep(500)
    }
  }
}
const stages = ['ingest', 'attribution', 'keywords', 'dispatch'] as const
const isStage = (name: string) => (stages as readonly string[]).includes(name)

export interface PipelineLoad {
  readonly messages: number
  /** Of each topic of messages and signals. */
  readonly partitions?: number
  /** Processes of each stage. */
  readonly members?: number
  /** Each member is one process of all stages. */
  readonly isCompact?: boolean
  /** Fills the input topic once all processes run, so that they share the load from its first message on. */
  readonly startsFirst?: boolean
  /** Messages that pass before the counted ones, so that the processes have compiled their code; needs `startsFirst`. */
  readonly warmUp?: number
  /** Folder for a CPU profile of each stage's process; unset: none is made. */
  readonly profiles?: string
}

export interface ProcessFigure {
  readonly name: string
  /** CPU a message with its start-up, µs; of all members. */
  readonly cpu: number
  /** The same without its start-up, µs. */
  readonly cpuAfterStart: number
  /** Peak, MB; of all members. */
  readonly rss: number
}

export interface PipelineFigures {
  readonly expected: number
  readonly arrived: number
  readonly repeated: number
  readonly calls: number
  /** From the first tenth of the signals to the last. */
  readonly messagesPerSecond: number
  readonly processes: readonly ProcessFigure[]
  /** CPU a message of the stages without their start-up, µs. */
  readonly stagesAfterStart: number
  /** Bytes of a topic's segments on the broker's disk a message, by topic. */
  readonly bytes: Readonly<Record<string, number>>
}

/** Bytes of the segments under a broker's folder, by topic. */
const segmentBytes = (folder: string): ReadonlyMap<string, number> => {
  const bytes = new Map<string, number>()
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const topic = file.endsWith('.log') ? /^(.+)-\d+$/.exec(basename(dirname(file)))?.[1] : undefined
    if (topic !== undefined) bytes.set(topic, (bytes.get(topic) ?? 0) + statSync(join(folder, file)).size)
  }
  return bytes
}

/** Starts the stages after the input topic is full, unless the load says otherwise. */
export const benchPipeline = async ({
  messages,
  partitions,
  members = 1,
  isCompact = false,
  startsFirst = false,
  warmUp = 0,
  profiles,
}: PipelineLoad): Promise<PipelineFigures> => {
  const dataDirs = Array.from({ length: members }, () => mkdtempSync(join(tmpdir(), 'signals-bench-')))
  const sink = await openSink()
  const masterKey = Buffer.alloc(32, 1).toString('base64')
  const supervisors: Supervisor[] = []
  const open = (dataDir: string, more: NodeJS.ProcessEnv) => {
    const env = {
      ...process.env,
      SIGNALS_DATA_DIR: dataDir,
      TIKTOK_BASE_URL: sink.url,
      SIGNALS_MASTER_KEY: masterKey,
      LOG_LEVEL: 'warn',
      ...(partitions === undefined ? {} : { KAFKA_PARTITIONS: String(partitions) }),
      ...(profiles === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}` }),
      ...more,
    }
    const supervisor = new Supervisor(loadConfig(localFields, env), env, () => {}, { isCompact })
    supervisors.push(supervisor)
    return supervisor
  }
  try {
    const [own = '', ...others] = dataDirs
    const first = open(own, {})
    const parts = await first.startParts()
    const broker = openBroker(kafkaSettingsOf(process.env, parts.brokers, 'bench'))
    const codec = await Codec.open(openRegistry(parts.registry))
    const keyring = await Keyring.open(masterKey)
    const producer = await broker.producer()
    await sendOnceLed(
      producer,
      accounts.map((accountId) => {
        const input = {
          ...{ connectionId: accountId, tenantId: 'bench', source: 'whatsapp', accountId, advertiserId: '1' },
          ...{ eventSetId: accountId, accessToken: 'bench' },
        }
        const record = connectionRecordOf(parseConnection(input), undefined, Date.now(), keyring)
        return { topic: topics.connections.name, key: accountId, value: codec.encode('connections', record) }
      }),
    )
    await writeList(broker, codec, {
      ...{ listId: 'default', version: 1, createdAt: Date.now(), entries: keywords, shadow: false },
      ...{ copyOf: null, author: null, checked: false },
    })
    const { events, signals } = makeWorkload(warmUp + messages, Date.now() - 3_600_000)
    const signalsOfWarmUp = makeWorkload(warmUp, 0).signals
    const fill = async (begin: number, end: number) => {
      for (let from = begin; from < end; from += 5_000) {
        await producer.send(
          events.slice(from, Math.min(end, from + 5_000)).map((event) => ({
            topic: topics.channelEvents.name,
            key: event.conversationId,
            value: Buffer.from(JSON.stringify(event)),
          })),
        )
      }
    }
    const arrived = async (count: number, whileWaiting: () => void = () => {}) => {
      for (const end = Date.now() + 600_000; sink.arrivals.length < count && Date.now() < end; ) {
        await sleep(250)
        whileWaiting()
      }
    }
    if (!startsFirst) await fill(0, events.length)

    await first.startServices(parts, stages)
    const { brokers: KAFKA_BROKERS, redis: REDIS_URL, registry: SCHEMA_REGISTRY_URL } = parts
    for (const dataDir of others) {
      const another = open(dataDir, { KAFKA_BROKERS, REDIS_URL, SCHEMA_REGISTRY_URL })
      await another.startServices(await another.startParts(), stages)
    }
    const children = () =>
      dataDirs.flatMap((dataDir) =>
        Object.entries(runningState(dataDir)?.children ?? {})
          .filter(([name]) => !isCompact || !isStage(name) || name === stages[0])
          .map(([name, { pid }]) => ({ name: isCompact && isStage(name) ? 'compact' : name, pid })),
      )
    if (warmUp > 0) {
      await fill(0, warmUp)
      await arrived(signalsOfWarmUp)
    }
    const started = new Map(children().map(({ pid }) => [pid, usage(pid).cpu]))
    if (startsFirst) await fill(warmUp, events.length)
    await producer.close()
    await broker.close()
    const peak = new Map<number, number>()
    await arrived(signals, () => {
      for (const { pid } of children()) peak.set(pid, Math.max(peak.get(pid) ?? 0, usage(pid).rss))
    })
    const counted = sink.arrivals.slice(signalsOfWarmUp)
    const at = (share: number) => counted[Math.min(counted.length - 1, Math.floor(counted.length * share))] ?? 0
    const last = children().map((child) => ({ ...child, cpu: usage(child.pid).cpu }))
    const perMessage = (seconds: number) => (seconds * 1e6) / messages
    const pipeline: readonly string[] = isCompact ? ['compact'] : stages
    return {
      expected: signals,
      arrived: sink.arrivals.length,
      repeated: sink.repeated(),
      calls: sink.calls(),
      messagesPerSecond: (0.9 * messages * 1_000) / (at(1) - at(0.1)),
      processes: [...pipeline, 'kafka', 'redis', 'registry'].map((name) => {
        const all = last.filter((child) => child.name === name)
        return {
          name,
          cpu: perMessage(all.reduce((sum, { cpu }) => sum + cpu, 0)),
          cpuAfterStart: perMessage(all.reduce((sum, { pid, cpu }) => sum + cpu - (started.get(pid) ?? 0), 0)),
          rss: all.reduce((sum, { pid }) => sum + (peak.get(pid) ?? 0), 0),
        }
      }),
      stagesAfterStart: perMessage(
        last
          .filter(({ name }) => pipeline.includes(name))
          .reduce((sum, { pid, cpu }) => sum + cpu - (started.get(pid) ?? 0), 0),
      ),
      bytes: Object.fromEntries([...segmentBytes(own)].map(([topic, bytes]) => [topic, bytes / messages])),
    }
  } finally {
    for (const supervisor of supervisors.reverse()) await supervisor.stop()
    sink.close()
    for (const dataDir of dataDirs) rmSync(dataDir, { recursive: true, force: true })
  }
}
