/** Which records a run reads: by time or by offsets, and never what live traffic has not taken yet. */

import { consumerGroup, laterGroup } from '../../../consumer-groups.ts'
import { laterTopic } from '../../../derived-topics.ts'
import type { Broker, Clock, ConsumedRecord, OffsetRange } from '../../../runtime/ports.ts'
import { type ConsumerStage, type Delay, type MainTopic, type StageSpec, stages, topics } from '../../../topology.ts'
import type { ReplayEntry, ReplayRequest } from '../request.ts'
import { type FileProblem, readFile } from './event-file.ts'

/** The stages from the entry on: what a record passes on its way to a signal. */
const ways: Readonly<Record<ReplayEntry, readonly ConsumerStage[]>> = {
  raw: ['ingest', 'attribution', 'keywords'],
  messages: ['attribution', 'keywords'],
  'attributed-messages': ['keywords'],
}

export const topicOf = (entry: ReplayEntry): MainTopic => stages[(ways[entry] as [ConsumerStage])[0]].reads

export interface Range {
  readonly stretches: readonly OffsetRange[]
  /** Records of what was asked that live traffic has not taken yet: they are its own. */
  readonly leftToLive: number
  /** ms: of what was asked, retention may have removed what came before; null where it has not reached that far. */
  readonly keptSince: number | null
}

/** Live traffic does not go on; a replay cannot know what it will report. */
export class LiveTrafficStalled extends Error {
  override readonly name = 'LiveStandsStill'
}

const least = (a: bigint, b: bigint) => (a < b ? a : b)
const most = (a: bigint, b: bigint) => (a > b ? a : b)

/** @throws DependencyError */
export const rangeOf = async (
  { entry, from, to, offsets: asked }: Pick<ReplayRequest, 'entry' | 'from' | 'to' | 'offsets'>,
  broker: Pick<Broker, 'offsets' | 'offsetsAt' | 'timestamps'>,
): Promise<Range> => {
  const topic = topics[topicOf(entry)].name
  const [first] = ways[entry] as [ConsumerStage]
  const [starts, ends] = await Promise.all([
    from === null ? null : broker.offsetsAt(topic, from),
    to === null ? null : broker.offsetsAt(topic, to),
  ])
  const known = await broker.offsets(consumerGroup(first), topic)
  let leftToLive = 0
  const cut: { readonly partition: number; readonly offset: bigint }[] = []
  const stretches = known.map(({ partition, low, high, committed }): OffsetRange => {
    const isAsked = !asked || asked.partition === null || asked.partition === partition
    const begin = most(low, asked ? BigInt(asked.from) : (starts?.get(partition) ?? low))
    const end = least(high, asked ? BigInt(asked.to) : (ends?.get(partition) ?? high))
    const isCut = asked ? BigInt(asked.from) < low : from !== null && begin === low
    if (isAsked && isCut && low > 0n) cut.push({ partition, offset: low })
    if (!isAsked || end <= begin) return { partition, from: begin, to: begin }
    const taken = most(begin, least(end, committed ?? low))
    leftToLive += Number(end - taken)
    return { partition, from: begin, to: taken }
  })
  const kept = cut.length > 0 ? [...(await broker.timestamps(topic, cut)).values()] : []
  const keptSince = kept.length > 0 ? Math.max(...kept) : null
  return { stretches, leftToLive, keptSince }
}

/** All that the run is about: stretches of its topic, or the events of its file. @throws DependencyError, FileUnusable */
export const readRange = (
  request: ReplayRequest,
  stretches: readonly OffsetRange[],
  broker: Broker,
  /** `share`: of a file, how much of it is read by now, 0 to 1. */
  onRecords: (records: readonly ConsumedRecord[], share: number | null) => Promise<void>,
  onProblem: (problem: FileProblem) => void,
): Promise<void> =>
  request.file
    ? readFile(request.file, request, onRecords, onProblem)
    : broker.read(topics[topicOf(request.entry)].name, stretches, (records) => onRecords(records, null))

const patienceMs = 60_000
const lookMs = 250

/**
 * Waits until the stages behind the entry have passed what was there at the call: from then on every signal that live traffic
 * raises of the range stands in `signals.v1`.
 * @throws LiveStandsStill when one does not move; DependencyError
 */
export const liveHasPassed = async (entry: ReplayEntry, broker: Broker, clock: Clock): Promise<void> => {
  const [first, ...behind] = ways[entry] as [ConsumerStage, ...ConsumerStage[]]
  const waits = (stage: ConsumerStage) => {
    const { delays, waitsWithMain }: StageSpec = stages[stage]
    const groupOf = (delay: Delay) => (waitsWithMain ? consumerGroup(stage) : laterGroup(stage, delay))
    return delays.map((delay) => [groupOf(delay), laterTopic(stage, delay)] as const)
  }
  const way: (readonly [group: string, topic: string])[] = [
    ...waits(first),
    ...behind.flatMap((stage) => [[consumerGroup(stage), topics[stages[stage].reads].name] as const, ...waits(stage)]),
  ]
  for (const [group, topic] of way) await groupHasPassed(group, topic, broker, clock)
}

const groupHasPassed = async (group: string, topic: string, broker: Broker, clock: Clock) => {
  const targets = new Map((await broker.offsets(group, topic)).map(({ partition, high }) => [partition, high]))
  let before = ''
  let movedAt = clock.now()
  for (;;) {
    const offsets = await broker.offsets(group, topic)
    if (offsets.every(({ partition, low, committed }) => most(low, committed ?? 0n) >= (targets.get(partition) ?? 0n)))
      return
    const at = offsets.map(({ committed }) => committed).join()
    if (at !== before) movedAt = clock.now()
    before = at
    if (clock.now() - movedAt > patienceMs)
      throw new LiveTrafficStalled(
        `${group} has not processed all of ${topic} and does not move: start its stage or see why it waits (signals status), then replay`,
      )
    await clock.sleep(lookMs)
  }
}
