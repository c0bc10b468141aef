/**
 * Sends the records of dead letters back to their topics in chunks, and checks the result of each chunk before the next. When most
 * of a chunk fails again, the cause is not fixed, and more records would only push the stage to its dead-letter limit.
 *
 * One call publishes each record with its entry in `redrives.v1`. A crash between two chunks loses nothing. A crash inside a call may
 * send a record twice; claims and signal ids recognise the second one.
 */

import { consumerGroup } from '../../consumer-groups.ts'
import { deadLetterTopic } from '../../derived-topics.ts'
import { headerNames, receivedAtOf } from '../../runtime/batch/record-headers.ts'
import type { Clock, ConsumedRecord, Producer, ProducerRecord } from '../../runtime/ports.ts'
import type { Redrive } from '../../shared/model/dead-letter.ts'
import { type ConsumerStage, stages, topics } from '../../topology.ts'
import { type FoundDeadLetter, originOf } from './found.ts'
import type { Redriven } from './plan.ts'
import { countFailedAgain, type DeadLetterTools, openDeadLetters } from './store.ts'

/** Far below the 5,000 dead letters in a row at which a stage halts. */
const chunkRecords = 500
/** A stage without progress for so long is down or halted. */
const stallTimeoutMs = 30_000
const pollIntervalMs = 200

export interface RedriveResult {
  readonly redriven: number
  readonly failedAgain: number
  /** Sent back, but not processed before the time-out. */
  readonly pending: number
  /** Not sent: too many records before them failed again, or their stage made no progress. */
  readonly held: number
  /** Not sent: their keys are erased, since their connections were disconnected. */
  readonly erased: number
}

export interface RedriveTools extends DeadLetterTools {
  readonly producer: Pick<Producer, 'send'>
  readonly clock: Clock
  onProgress?(done: number, all: number): void
}

/** The record as it was, without its attempts, and marked, so that a second failure is recognised. */
export const asRedriven = (record: ConsumedRecord, { id, redrives }: FoundDeadLetter): ProducerRecord => {
  const { [headerNames.attempt]: _attempt, ...headers } = record.headers as Record<string, string>
  return {
    topic: record.topic,
    key: record.key,
    value: record.value,
    // A record with a key goes to the key's present partition.
    ...(record.key === null ? { partition: record.partition } : {}),
    headers: {
      ...headers,
      // Keeps the first receive time: derived times stay the same, and so does the consent under which the record came.
      [headerNames.receivedAt]: String(receivedAtOf(record)),
      [headerNames.redriveOf]: id,
      [headerNames.redrives]: String(redrives + 1),
    },
  }
}

/** @param redrivenAt ms. @param discarded nothing is put back */
export const redriveEntries = (
  { found, together }: Redriven,
  redrivenAt: number,
  { codec }: Pick<RedriveTools, 'codec'>,
  discarded = false,
): ProducerRecord[] =>
  together.map(({ id }): ProducerRecord => {
    const redrives = found.redrives + (discarded ? 0 : 1)
    const entry: Redrive = { deadLetter: id, origin: originOf(found), redrives, redrivenAt, discarded }
    return { topic: topics.redrives.name, key: id, value: codec.encode('redrives', entry) }
  })

const endsOf = async ({ broker }: RedriveTools, group: string, topic: string) =>
  new Map((await broker.offsets(group, topic)).map(({ partition, high }) => [partition, high]))

/** Waits until the stage has processed everything that its topic held at the call. @returns false without progress for 30 s */
const waitForStage = async (tools: RedriveTools, stage: ConsumerStage): Promise<boolean> => {
  const group = consumerGroup(stage)
  const topic = topics[stages[stage].reads].name
  const target = await endsOf(tools, group, topic)
  let progressAt = tools.clock.now()
  let previous = ''
  for (;;) {
    const offsets = await tools.broker.offsets(group, topic)
    if (offsets.every(({ partition, low, committed }) => (committed ?? low) >= (target.get(partition) ?? 0n)))
      return true
    const at = offsets.map(({ committed }) => committed).join()
    if (at !== previous) progressAt = tools.clock.now()
    previous = at
    if (tools.clock.now() - progressAt > stallTimeoutMs) return false
    await tools.clock.sleep(pollIntervalMs)
  }
}

/** @returns how many records were sent, and how many of them failed again; null: the stage makes no progress */
const redriveChunk = async (
  tools: RedriveTools,
  stage: ConsumerStage,
  all: readonly Redriven[],
): Promise<{ readonly sent: number; readonly failed: number | null }> => {
  const { producer, clock } = tools
  const originals = await openDeadLetters(
    tools,
    all.map(({ found }) => found),
  )
  const chunk = all.filter(({ found }) => originals.has(found.id))
  if (chunk.length === 0) return { sent: 0, failed: 0 }
  const endsBefore = await endsOf(tools, consumerGroup(stage), deadLetterTopic(stage))
  const now = clock.now()
  await producer.send(
    chunk.flatMap((one) => [
      asRedriven(originals.get(one.found.id) as ConsumedRecord, one.found),
      ...redriveEntries(one, now, tools),
    ]),
  )
  if (!(await waitForStage(tools, stage))) return { sent: chunk.length, failed: null }
  const ids = new Set(chunk.map(({ found }) => found.id))
  return { sent: chunk.length, failed: await countFailedAgain(tools, stage, endsBefore, ids) }
}

/** @throws DependencyError; SealBroken when the master key is not the pipeline's */
export const runRedrive = async (records: readonly Redriven[], tools: RedriveTools): Promise<RedriveResult> => {
  let redriven = 0
  let failedAgain = 0
  let pending = 0
  let held = 0
  let erased = 0
  for (const [stage, ofStage] of Map.groupBy(records, ({ found }) => found.stage as ConsumerStage)) {
    let stopped = false
    for (let from = 0; from < ofStage.length; from += chunkRecords) {
      const chunk = ofStage.slice(from, from + chunkRecords)
      if (stopped) {
        held += chunk.length
        continue
      }
      const { sent, failed } = await redriveChunk(tools, stage, chunk)
      redriven += sent
      erased += chunk.length - sent
      if (failed === null) pending += sent
      else failedAgain += failed
      stopped = failed === null || failed * 2 > sent
      tools.onProgress?.(redriven, records.length)
    }
  }
  return { redriven, failedAgain, pending, held, erased }
}
