/**
 * What live traffic never let in (a mapping that was mended since, a partner's file) it does not know of: the next message of such a
 * conversation would start it a second time. So a run that sends hands these messages to attribution as history: they build state
 * and raise nothing. Attribution knows messages by identity: handed over twice, they change nothing.
 */

import type { Broker, OffsetRange, Producer } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
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
  readonly chain: Pick<InProcessPipeline, 'ingested'>
  takes(message: Message): boolean
  /** Between two batches: live traffic has its turn. */
  rest(): Promise<void>
}

/** @returns how many messages were handed over. @throws DependencyError */
export const seedAttribution = async (
  run: string,
  request: ReplayRequest,
  stretches: readonly OffsetRange[],
  { broker, codec, producer, chain, takes, rest }: SeedTools,
): Promise<number> => {
  let taught = 0
  const take = async (records: Parameters<InProcessPipeline['ingested']>[0]) => {
    const ingested = await chain.ingested(records)
    const unknown = ingested.filter(({ message, unseen }) => unseen && takes(message))
    await producer.send(
      unknown.map(({ message }) => ({
        topic: topics.messages.name,
        key: message.conversation,
        value: codec.encode('messages', { ...message, backfill: true }),
        headers: { [replayHeader]: run },
      })),
    )
    taught += unknown.length
    await rest()
  }
  await readRange(request, stretches, broker, take, () => {})
  return taught
}
