/**
 * Puts dead letters back to where they came from, a chunk at a time, and looks what became of each chunk before the next: when
 * most of one fails again the cause is not mended, and the rest would only push its stage to the limit on dead letters.
 *
 * The note of a redrive goes with the record in one call: a crash between two chunks forgets nothing, one inside a call may put
 * a record back twice, which its claims and ids recognise.
 */

import { consumerGroup } from '../../consumer-groups.ts'
import { deadLetterTopic } from '../../derived-topics.ts'
import { headerNames } from '../../runtime/batch/record-headers.ts'
import type { Clock, ConsumedRecord, Producer, ProducerRecord } from '../../runtime/ports.ts'
import type { Redrive } from '../../shared/model/dead-letter.ts'
import { type ConsumerStage, stages, topics } from '../../topology.ts'
import { type FoundDeadLetter, originOf } from './found.ts'
import type { Redriven } from './plan.ts'
import { type DeadLetterTools, failedAgain, openDeadLetters } from './store.ts'

/** Far below the run of dead letters at which a stage halts. */
const chunkRecords = 500
/** The stage has not moved for this long: it is down or halted. */
const patienceMs = 30_000
const lookMs = 200

export interface RedriveResult {
  readonly redriven: number
  readonly failedAgain: number
  /** Put back, and not processed yet when we stopped waiting. */
  readonly pending: number
  /** Not put back, since too many before them failed again. */
  readonly held: number
}

export interface RedriveTools extends DeadLetterTools {
  readonly producer: Pick<Producer, 'send'>
  readonly clock: Clock
  onProgress?(done: number, all: number): void
}

/** As it came, but as new: attempts were of another time; marked, so that a second failure is known as one. */
export const asRedriven = (record: ConsumedRecord, { id, redrives }: FoundDeadLetter): ProducerRecord => {
  const { [headerNames.attempt]: _attempt, ...headers } = record.headers as Record<string, string>
  return {
    topic: record.topic,
    key: record.key,
    value: record.value,
    // Without a key the record goes where it was; with one, where its key goes by now.
    ...(record.key === null ? { partition: record.partition } : {}),
    headers: {
      // When it came, in the place of when it comes again: times that are derived from it stay what they were.
      [headerNames.receivedAt]: String(record.timestamp),
      ...headers,
      [headerNames.redriveOf]: id,
      [headerNames.redrives]: String(redrives + 1),
    },
  }
}

const noteOf = ({ found, together }: Redriven, redrivenAt: number): Redrive[] =>
  together.map(({ id }) => ({ deadLetter: id, origin: originOf(found), redrives: found.redrives + 1, redrivenAt }))

const ends = async ({ broker }: RedriveTools, group: string, topic: string) =>
  new Map((await broker.offsets(group, topic)).map(({ partition, high }) => [partition, high]))

/** Waits until the stage has passed what was there at the call; false when it does not move. */
const passed = async (tools: RedriveTools, stage: ConsumerStage): Promise<boolean> => {
  const group = consumerGroup(stage)
  const topic = topics[stages[stage].reads].name
  const target = await ends(tools, group, topic)
  let movedAt = tools.clock.now()
  let before = ''
  for (;;) {
    const offsets = await tools.broker.offsets(group, topic)
    if (offsets.every(({ partition, low, committed }) => (committed ?? low) >= (target.get(partition) ?? 0n)))
      return true
    const at = offsets.map(({ committed }) => committed).join()
    if (at !== before) movedAt = tools.clock.now()
    before = at
    if (tools.clock.now() - movedAt > patienceMs) return false
    await tools.clock.sleep(lookMs)
  }
}

/** One chunk of one stage; null: the stage does not move. */
const redriveChunk = async (
  tools: RedriveTools,
  stage: ConsumerStage,
  chunk: readonly Redriven[],
): Promise<number | null> => {
  const { codec, producer, clock } = tools
  const originals = await openDeadLetters(
    tools,
    chunk.map(({ found }) => found),
  )
  const deadBefore = await ends(tools, consumerGroup(stage), deadLetterTopic(stage))
  const now = clock.now()
  await producer.send(
    chunk.flatMap((one) => [
      asRedriven(originals.get(one.found.id) as ConsumedRecord, one.found),
      ...noteOf(one, now).map((note) => ({
        topic: topics.redrives.name,
        key: note.deadLetter,
        value: codec.encode('redrives', note),
      })),
    ]),
  )
  if (!(await passed(tools, stage))) return null
  return failedAgain(tools, stage, deadBefore, new Set(chunk.map(({ found }) => found.id)))
}

/** @throws DependencyError; SealBroken when the master key is not the pipeline's */
export const runRedrive = async (send: readonly Redriven[], tools: RedriveTools): Promise<RedriveResult> => {
  let redriven = 0
  let failed = 0
  let pending = 0
  let held = 0
  for (const [stage, ofStage] of Map.groupBy(send, ({ found }) => found.stage as ConsumerStage)) {
    let stopped = false
    for (let from = 0; from < ofStage.length; from += chunkRecords) {
      const chunk = ofStage.slice(from, from + chunkRecords)
      if (stopped) {
        held += chunk.length
        continue
      }
      const again = await redriveChunk(tools, stage, chunk)
      redriven += chunk.length
      if (again === null) pending += chunk.length
      else failed += again
      stopped = again === null || again * 2 > chunk.length
      tools.onProgress?.(redriven, send.length)
    }
  }
  return { redriven, failedAgain: failed, pending, held }
}
