/**
 * Hands messages that live ingest never let in (mapping fixed since, partner's file) to attribution as history. Without them the
 * next live message of such a conversation would start it a second time. History builds state and emits no signal.
 *
 * Attribution knows messages by identity: seeding one twice changes nothing.
 */

import type { Broker, OffsetRange, Producer } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../../../shared/connections/directory.ts'
import type { Message } from '../../../shared/model/topic-values.ts'
import { topics } from '../../../topology.ts'
import { readRange } from '../input/offset-range.ts'
import { replayHeader } from '../plan/already-reported.ts'
import type { InProcessPipeline } from '../plan/in-process-pipeline.ts'
import type { ReplayRequest } from '../request.ts'

export interface SeedTools {
  readonly broker: Broker
  readonly codec: Codec
  readonly producer: Pick<Producer, 'send'>
  readonly pipeline: Pick<InProcessPipeline, 'ingested'>
  readonly directory: Pick<ConnectionDirectory, 'byId'>
  isInScope(message: Message): boolean
  /** After each batch: a run pauses in here while live traffic is behind. */
  onBatch(): Promise<void>
}

/** @param run id of the run. @returns how many messages were seeded. @throws DependencyError */
export const seedAttribution = async (
  run: string,
  request: ReplayRequest,
  ranges: readonly OffsetRange[],
  { broker, codec, producer, pipeline, directory, isInScope, onBatch }: SeedTools,
): Promise<number> => {
  let seeded = 0
  /** An event of a file is received by being seeded: its own time may lie before the consent that covers it. */
  const receivedAtOf = ({ receivedAt, connectionId }: Message) =>
    Math.max(receivedAt, directory.byId(connectionId)?.connectedAt ?? 0)
  const seed = async (records: Parameters<InProcessPipeline['ingested']>[0]) => {
    const ingested = await pipeline.ingested(records)
    const unseen = ingested.filter((one) => one.unseen && isInScope(one.message))
    await producer.send(
      unseen.map(({ message }) => ({
        topic: topics.messages.name,
        key: message.conversation,
        value: codec.encode('messages', { ...message, receivedAt: receivedAtOf(message), backfill: true }),
        headers: { [replayHeader]: run },
      })),
    )
    seeded += unseen.length
    await onBatch()
  }
  await readRange(request, ranges, broker, seed, () => {})
  return seeded
}
