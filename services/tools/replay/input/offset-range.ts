/** Chooses the records of a run, by time or by offsets. Records that live traffic has not processed yet are left to it. */

import { consumerGroup, laterGroup } from '../../../consumer-groups.ts'
import { laterTopic } from '../../../derived-topics.ts'
import type { Broker, Clock, ConsumedRecord, OffsetRange } from '../../../runtime/ports.ts'
import { type ConsumerStage, type Delay, type MainTopic, type StageSpec, stages, topics } from '../../../topology.ts'
import type { ReplayEntry, ReplayRequest } from '../request.ts'
import { type FileProblem, readFile } from './event-file.ts'

/** The stages that a record of the entry passes until it is a signal. */
const stagesOf: Readonly<Record<ReplayEntry, readonly ConsumerStage[]>> = {
  raw: ['ingest', 'attribution', 'keywords'],
  messages: ['attribution', 'keywords'],
  'attributed-messages': ['keywords'],
}

export const topicOf = (entry: ReplayEntry): MainTopic => stages[(stagesOf[entry] as [ConsumerStage])[0]].reads

export interface ReplayRange {
  /** One for each partition; empty for a file. */
  readonly offsets: readonly OffsetRange[]
  /** Requested records that live traffic has not processed yet. */
  readonly leftToLive: number
  /** ms: retention has removed requested records older than this; null when it has removed none. */
  readonly keptSince: number | null
}

/** Live traffic makes no progress: a replay cannot tell what it will still report. */
export class LiveTrafficStalled extends Error {
  override readonly name = 'LiveTrafficStalled'
}

const smaller = (a: bigint, b: bigint) => (a < b ? a : b)
const larger = (a: bigint, b: bigint) => (a > b ? a : b)

/** @throws DependencyError */
export const rangeOf = async (
  { entry, from, to, offsets: requested }: Pick<ReplayRequest, 'entry' | 'from' | 'to' | 'offsets'>,
  broker: Pick<Broker, 'offsets' | 'offsetsAt' | 'timestamps'>,
): Promise<ReplayRange> => {
  const topic = topics[topicOf(entry)].name
  const [first] = stagesOf[entry] as [ConsumerStage]
  const [starts, ends] = await Promise.all([
    from === null ? null : broker.offsetsAt(topic, from),
    to === null ? null : broker.offsetsAt(topic, to),
  ])
  const partitions = await broker.offsets(consumerGroup(first), topic)
  let leftToLive = 0
  const cut: { readonly partition: number; readonly offset: bigint }[] = []
  const offsets = partitions.map(({ partition, low, high, committed }): OffsetRange => {
    const isRequested = !requested || requested.partition === null || requested.partition === partition
    const begin = larger(low, requested ? BigInt(requested.from) : (starts?.get(partition) ?? low))
    const end = smaller(high, requested ? BigInt(requested.to) : (ends?.get(partition) ?? high))
    const isCut = requested ? BigInt(requested.from) < low : from !== null && begin === low
    if (isRequested && isCut && low > 0n) cut.push({ partition, offset: low })
    if (!isRequested || end <= begin) return { partition, from: begin, to: begin }
    const taken = larger(begin, smaller(end, committed ?? low))
    leftToLive += Number(end - taken)
    return { partition, from: begin, to: taken }
  })
  const kept = cut.length > 0 ? [...(await broker.timestamps(topic, cut)).values()] : []
  const keptSince = kept.length > 0 ? Math.max(...kept) : null
  return { offsets, leftToLive, keptSince }
}

/** Reads the run's records: ranges of its topic, or the events of its file. @throws DependencyError, FileUnusable */
export const readRange = (
  request: ReplayRequest,
  ranges: readonly OffsetRange[],
  broker: Broker,
  /** `share` of a file that is read, 0 to 1; null for a topic. */
  onRecords: (records: readonly ConsumedRecord[], share: number | null) => Promise<void>,
  onProblem: (problem: FileProblem) => void,
): Promise<void> =>
  request.file
    ? readFile(request.file, request, onRecords, onProblem)
    : broker.read(topics[topicOf(request.entry)].name, ranges, (records) => onRecords(records, null))

const stallTimeoutMs = 60_000
const pollIntervalMs = 250

/**
 * Waits until the stages from the entry on have processed everything that their topics held at the call. After that `signals.v1`
 * holds every signal that live traffic emits for the range.
 * @throws LiveTrafficStalled when a stage makes no progress for 60 s; DependencyError
 */
export const waitForLiveTraffic = async (entry: ReplayEntry, broker: Broker, clock: Clock): Promise<void> => {
  const [first, ...others] = stagesOf[entry] as [ConsumerStage, ...ConsumerStage[]]
  const laterTopicsOf = (stage: ConsumerStage) => {
    const { delays, waitsWithMain }: StageSpec = stages[stage]
    const groupOf = (delay: Delay) => (waitsWithMain ? consumerGroup(stage) : laterGroup(stage, delay))
    return delays.map((delay) => [groupOf(delay), laterTopic(stage, delay)] as const)
  }
  const consumed: (readonly [group: string, topic: string])[] = [
    ...laterTopicsOf(first),
    ...others.flatMap((stage) => [
      [consumerGroup(stage), topics[stages[stage].reads].name] as const,
      ...laterTopicsOf(stage),
    ]),
  ]
  for (const [group, topic] of consumed) await waitForGroup(group, topic, broker, clock)
}

const waitForGroup = async (group: string, topic: string, broker: Broker, clock: Clock) => {
  const targets = new Map((await broker.offsets(group, topic)).map(({ partition, high }) => [partition, high]))
  let previous = ''
  let progressAt = clock.now()
  for (;;) {
    const offsets = await broker.offsets(group, topic)
    if (
      offsets.every(({ partition, low, committed }) => larger(low, committed ?? 0n) >= (targets.get(partition) ?? 0n))
    )
      return
    const at = offsets.map(({ committed }) => committed).join()
    if (at !== previous) progressAt = clock.now()
    previous = at
    if (clock.now() - progressAt > stallTimeoutMs)
      throw new LiveTrafficStalled(
        `${group} has not processed all of ${topic} and makes no progress: start its stage or find out why it waits (signals status), then replay`,
      )
    await clock.sleep(pollIntervalMs)
  }
}
