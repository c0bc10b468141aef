/**
 * What a rate of messages needs: processes, partitions, brokers, disk, Redis and money, from figures that `make bench-capacity` measured.
 * Every assumption that is not measured is a field of Assumptions, with its default.
 */

export const stages = ['ingest', 'attribution', 'keywords', 'dispatch'] as const
export type Stage = (typeof stages)[number]

/** A run of the pipeline. CPU in µs a message, start left out, but not the compilation of the code that messages pass. */
export interface Run {
  readonly messages: number
  readonly partitions: number
  /** Of each stage. */
  readonly processes: number
  readonly cpu: Readonly<Record<Stage, number>>
  readonly broker: number
  readonly redis: number
}

export interface Figures {
  /** CPU a message at six partitions, once the code is compiled, µs. */
  readonly cpu: Readonly<Record<Stage, number>>
  readonly broker: number
  readonly redis: number
  /** CPU until the code of one process of each stage is compiled, s. */
  readonly compileSeconds: number
  /** CPU a message for each partition above six, µs: fetches and produces hold fewer records. */
  readonly perPartition: { readonly stages: number; readonly broker: number }
  /** CPU a delivery in the gateway, µs. */
  readonly gateway: number
  /** Bytes on a broker's disk a message, one copy, by topic. */
  readonly bytes: Readonly<Record<string, number>>
}

const fewestPartitions = 6
const sumOf = (cpu: Readonly<Record<Stage, number>>) => stages.reduce((sum, stage) => sum + cpu[stage], 0)

/** The part of two runs that grows with their messages, and the part that does not, in CPU seconds. */
const lineOf = (small: Run, large: Run, cpuOf: (run: Run) => number) => {
  const total = (run: Run) => (cpuOf(run) * run.messages) / 1e6
  const perMessage = ((total(large) - total(small)) / (large.messages - small.messages)) * 1e6
  return { perMessage, fixedSeconds: total(small) - (perMessage * small.messages) / 1e6 }
}

/**
 * @param small @param large runs with six partitions and one process of each stage
 * @param many a run with one process of each stage and more partitions
 */
export const fit = (small: Run, large: Run, many: Run): Omit<Figures, 'gateway' | 'bytes'> => {
  const lines = stages.map((stage) => [stage, lineOf(small, large, ({ cpu }) => cpu[stage])] as const)
  const broker = lineOf(small, large, (run) => run.broker)
  const redis = lineOf(small, large, (run) => run.redis)
  const compileSeconds = lines.reduce((sum, [, { fixedSeconds }]) => sum + fixedSeconds, 0)
  const cpu = Object.fromEntries(lines.map(([stage, { perMessage }]) => [stage, perMessage])) as Record<Stage, number>
  const more = many.partitions - fewestPartitions
  const perPartition = {
    stages: (sumOf(many.cpu) - sumOf(cpu) - (compileSeconds * 1e6) / many.messages) / more,
    broker: (many.broker - broker.perMessage - (broker.fixedSeconds * 1e6) / many.messages) / more,
  }
  return { cpu, broker: broker.perMessage, redis: redis.perMessage, compileSeconds, perPartition }
}

/** CPU of all stages a message in such a run, µs, as `Run.cpu` would show it. */
export const predictCpu = (
  figures: Pick<Figures, 'cpu' | 'compileSeconds' | 'perPartition'>,
  { messages, partitions, processes }: Pick<Run, 'messages' | 'partitions' | 'processes'>,
): number =>
  sumOf(figures.cpu) +
  figures.perPartition.stages * (partitions - fewestPartitions) +
  (figures.compileSeconds * processes * 1e6) / messages

export const measuredCpu = (run: Run): number => sumOf(run.cpu)

export interface Assumptions {
  /** Share of its CPU that a process, broker or Redis may use on average: the rest is for peaks and for catching up. */
  readonly utilisation: number
  /** CPUs that one process of a stage can use: its main thread, and V8's that collect garbage. */
  readonly cpusOfProcess: number
  readonly fewestProcesses: number
  /** Memory of one process, GiB: the limit of its container in the chart. */
  readonly memoryOfProcess: number
  /** Messages a second that one partition carries. */
  readonly perPartition: number
  readonly copies: number
  readonly cpusOfBroker: number
  /** CPU of a further copy, and of the readers behind it, as a share of the first. */
  readonly copyCost: number
  readonly memoryOfBroker: number
  /** Bytes a second that a broker writes, copies included. */
  readonly writesOfBroker: number
  /** Of a raw webhook, sealed; message events are smaller. */
  readonly deliveryBytes: number
  readonly messagesPerConversation: number
  /** How long Redis keeps a conversation and a claim: ATTRIBUTION_STATE_DAYS, DEDUP_HOURS. */
  readonly stateDays: number
  readonly claimHours: number
  /** Redis memory, bytes (docs/performance.md). */
  readonly conversationBytes: number
  readonly claimBytes: number
  readonly memoryOfRedis: number
  /** Example prices, USD: of a CPU and of a GiB of memory for an hour, of a TB of disk for a month. Put your own. */
  readonly prices: { readonly cpu: number; readonly memory: number; readonly disk: number }
}

export const assumptions: Assumptions = {
  utilisation: 0.6,
  cpusOfProcess: 1.3,
  fewestProcesses: 2,
  memoryOfProcess: 1.5,
  perPartition: 1_000,
  copies: 3,
  cpusOfBroker: 8,
  copyCost: 0.5,
  memoryOfBroker: 32,
  writesOfBroker: 100e6,
  deliveryBytes: 1_500,
  messagesPerConversation: 6,
  stateDays: 35,
  claimHours: 24,
  conversationBytes: 150,
  claimBytes: 25,
  memoryOfRedis: 64,
  prices: { cpu: 0.04, memory: 0.005, disk: 80 },
}

/** The partitions that the chart's sizes and `topics plan --partitions` go up by. */
const partitionsFor = (rate: number, perPartition: number) =>
  Math.max(fewestPartitions, fewestPartitions * Math.ceil(rate / perPartition / fewestPartitions))

export interface Need {
  readonly rate: number
  readonly partitions: number
  readonly processes: Readonly<Record<'gateway' | Stage, number>>
  readonly brokers: number
  readonly diskTb: number
  readonly redisGb: number
  readonly redisNodes: number
  readonly cpus: number
  readonly memoryGb: number
  readonly usdAMonth: number
}

/** @param rate messages a second, an average over the busiest hour @param retentionMs of each topic in `figures.bytes` */
export const needOf = (
  rate: number,
  figures: Figures,
  retentionMs: Readonly<Record<string, number>>,
  set: Assumptions = assumptions,
): Need => {
  const processesFor = (micros: number, cpus: number) =>
    Math.max(set.fewestProcesses, Math.ceil((rate * micros) / 1e6 / (cpus * set.utilisation)))
  const processes = {
    gateway: processesFor(figures.gateway, 1),
    ...(Object.fromEntries(
      stages.map((stage) => [stage, processesFor(figures.cpu[stage], set.cpusOfProcess)]),
    ) as Record<Stage, number>),
  }
  const most = Math.max(...stages.map((stage) => processes[stage]))
  // More processes than partitions would idle.
  const partitions = Math.max(
    partitionsFor(rate, set.perPartition),
    fewestPartitions * Math.ceil(most / fewestPartitions),
  )
  const brokerCpus = ((rate * figures.broker) / 1e6) * (1 + (set.copies - 1) * set.copyCost)
  const bytes = { ...figures.bytes, 'channel-events.v1': set.deliveryBytes }
  const written = rate * set.copies * Object.values(bytes).reduce((sum, topic) => sum + topic, 0)
  const brokers = Math.max(
    set.copies,
    Math.ceil(brokerCpus / (set.cpusOfBroker * set.utilisation)),
    Math.ceil(written / (set.writesOfBroker * set.utilisation)),
  )
  const stored = Object.entries(bytes).reduce(
    (sum, [topic, bytes]) => sum + (bytes * (retentionMs[topic] ?? 0)) / 1_000,
    0,
  )
  const diskTb = (rate * stored * set.copies) / 1e12
  const conversations = (rate / set.messagesPerConversation) * set.stateDays * 86_400
  const claims = 2 * rate * set.claimHours * 3_600
  const redisGb = (conversations * set.conversationBytes + claims * set.claimBytes) / 1e9
  const redisNodes = Math.max(
    1,
    Math.ceil(redisGb / (set.memoryOfRedis * set.utilisation)),
    Math.ceil((rate * figures.redis) / 1e6 / set.utilisation),
  )
  const running = processes.gateway + stages.reduce((sum, stage) => sum + processes[stage], 0)
  const cpus = running * set.cpusOfProcess + brokers * set.cpusOfBroker + redisNodes * 2
  const memoryGb =
    running * set.memoryOfProcess + brokers * set.memoryOfBroker + Math.max(redisGb / set.utilisation, 1) * 2
  const hours = 730
  const usdAMonth = hours * (cpus * set.prices.cpu + memoryGb * set.prices.memory) + diskTb * set.prices.disk
  return { rate, partitions, processes, brokers, diskTb, redisGb, redisNodes, cpus, memoryGb, usdAMonth }
}
