/**
 * What a load needs: processes, partitions, brokers, memory of Redis, and what it costs. Pure. Everything measured comes in as figures; everything that depends
 * on the installation is a parameter.
 */

export type SizedProcess = 'gateway' | 'ingest' | 'attribution' | 'keywords' | 'dispatch'
export const sizedProcesses = ['gateway', 'ingest', 'attribution', 'keywords', 'dispatch'] as const

/** As `make capacity MEASURE=1` writes them. */
export interface CapacityFigures {
  /** CPU a message, µs, with 6 partitions and one process of each. */
  readonly micros: Readonly<Record<SizedProcess | 'kafka' | 'redis', number>>
  /** CPU a message of the stages with this many partitions for each process of a stage, as a ratio to 6. */
  readonly partitionsCost: readonly { readonly partitions: number; readonly stages: number; readonly kafka: number }[]
  /** Resident, MB, of a process under load. */
  readonly residentMegabytes: Readonly<Record<SizedProcess, number>>
}

export interface CapacityParameters {
  /** Share of a core that a process may use on average: the rest is for bursts, restarts and rebalances. */
  readonly utilisation: number
  /** Cores of a broker, and copies of each partition. */
  readonly brokerCores: number
  readonly replication: number
  /** Bytes on the brokers' disks a message and copy, over all topics. */
  readonly messageBytes: number
  /** MB/s that the disk of a broker takes. */
  readonly brokerDiskMegabytes: number
  readonly retentionHours: number
  /** Bytes in Redis of a claim, kept for `claimHours`, and of a conversation, kept for `conversationDays`. */
  readonly claimBytes: number
  readonly claimHours: number
  readonly conversationBytes: number
  readonly conversationDays: number
  readonly messagesPerConversation: number
  /** Commands of Redis are on one core: so many µs a second of it may be used. */
  readonly redisUtilisation: number
  /** A month: a core, a GB of memory, a TB of disk. 0: not counted. */
  readonly corePrice: number
  readonly memoryPrice: number
  readonly diskPrice: number
}

export const defaultParameters: CapacityParameters = {
  utilisation: 0.5,
  brokerCores: 4,
  replication: 3,
  messageBytes: 2_000,
  brokerDiskMegabytes: 100,
  retentionHours: 120,
  claimBytes: 25,
  claimHours: 96,
  conversationBytes: 153,
  conversationDays: 35,
  messagesPerConversation: 10,
  redisUtilisation: 0.5,
  corePrice: 0,
  memoryPrice: 0,
  diskPrice: 0,
}

export interface Capacity {
  readonly rate: number
  readonly processes: Readonly<Record<SizedProcess, number>>
  readonly partitions: number
  readonly brokers: number
  /** TB of all brokers. */
  readonly diskTerabytes: number
  readonly redisGigabytes: number
  /** Nodes of a Redis Cluster; 1: a single server. */
  readonly redisNodes: number
  readonly cores: number
  readonly memoryGigabytes: number
  /** A month, in the currency of the prices; null: no prices. */
  readonly cost: number | null
}

const micro = 1_000_000

/** Between two measured numbers of partitions on a line; beyond them, as at the last. */
export const partitionsCostOf = (
  { partitionsCost }: Pick<CapacityFigures, 'partitionsCost'>,
  partitions: number,
): { readonly stages: number; readonly kafka: number } => {
  const sorted = [...partitionsCost].sort((a, b) => a.partitions - b.partitions)
  const above = sorted.findIndex((one) => one.partitions >= partitions)
  const [low, high] = [sorted[above - 1], sorted[above]]
  if (above === -1) return sorted.at(-1) ?? { stages: 1, kafka: 1 }
  if (low === undefined || high === undefined) return high ?? { stages: 1, kafka: 1 }
  const share = (partitions - low.partitions) / (high.partitions - low.partitions)
  const between = (a: number, b: number) => a + (b - a) * share
  return { stages: between(low.stages, high.stages), kafka: between(low.kafka, high.kafka) }
}

/** CPU a message of everything on one machine, µs: its inverse bounds the rate of a machine that runs all. */
export const microsPerMessage = (figures: CapacityFigures, partitions: number): number => {
  const cost = partitionsCostOf(figures, partitions)
  const { kafka, redis, gateway: _gateway, ...stages } = figures.micros
  return Object.values(stages).reduce((sum, one) => sum + one, 0) * cost.stages + kafka * cost.kafka + redis
}

/** Divisible by many numbers of processes, so that all get as many. */
const evenPartitions = [6, 12, 24, 48, 60, 120, 240, 360, 720, 1_440, 2_880]

/** @param rate messages a second, at the peak */
export const capacityOf = (rate: number, figures: CapacityFigures, parameters: CapacityParameters): Capacity => {
  const { utilisation, replication, messageBytes, retentionHours } = parameters
  // Six partitions for each process of the largest stage keep the cost of a message as it was measured.
  const processesOf = (name: SizedProcess) =>
    Math.max(2, Math.ceil((rate * figures.micros[name]) / micro / utilisation))
  const processes = Object.fromEntries(sizedProcesses.map((name) => [name, processesOf(name)])) as Record<
    SizedProcess,
    number
  >
  const { gateway: _gateway, ...stages } = processes
  const most = Math.max(...Object.values(stages))
  const partitions = evenPartitions.find((count) => count >= most) ?? Math.ceil(most / 360) * 360
  // Each copy is written once more: a follower costs as much as a leader's write.
  const brokerCores = (rate * figures.micros.kafka * replication) / micro / utilisation
  const written = (rate * messageBytes * replication) / micro
  const brokers = Math.max(
    3,
    Math.ceil(brokerCores / parameters.brokerCores),
    Math.ceil(written / parameters.brokerDiskMegabytes),
  )
  const diskTerabytes = (rate * messageBytes * replication * retentionHours * 3_600) / 1e12
  const claims = rate * parameters.claimHours * 3_600 * parameters.claimBytes
  const conversations =
    (rate / parameters.messagesPerConversation) * parameters.conversationDays * 86_400 * parameters.conversationBytes
  const redisGigabytes = (claims + conversations) / 1e9
  const redisNodes = Math.max(
    1,
    Math.ceil((rate * figures.micros.redis) / micro / parameters.redisUtilisation),
    Math.ceil(redisGigabytes / 64),
  )
  const podMemory =
    sizedProcesses.reduce((sum, name) => sum + processes[name] * figures.residentMegabytes[name], 0) / 1_000
  const cores =
    Object.values(processes).reduce((sum, one) => sum + one, 0) + brokers * parameters.brokerCores + redisNodes
  const memoryGigabytes = podMemory + redisGigabytes * 2 + brokers * 8
  const { corePrice, memoryPrice, diskPrice } = parameters
  const cost = cores * corePrice + memoryGigabytes * memoryPrice + diskTerabytes * diskPrice
  return {
    ...{ rate, processes, partitions, brokers, diskTerabytes, redisGigabytes, redisNodes, cores, memoryGigabytes },
    cost: corePrice + memoryPrice + diskPrice > 0 ? cost : null,
  }
}
