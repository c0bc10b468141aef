/** Reads dead letters, and the records of redrives. */

import { deadLetterTopic, quarantineTopic } from '../../derived-topics.ts'
import type { Envelopes } from '../../runtime/keys/envelopes.ts'
import type { Broker, ConsumedRecord, OffsetRange } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../../shared/connections/directory.ts'
import type { DeadLetter } from '../../shared/model/dead-letter.ts'
import type { SourceRegistry } from '../../shared/sources/source.ts'
import { type ConsumerStage, consumerStages, topics } from '../../topology.ts'
import { type FoundDeadLetter, foundOf } from './found.ts'
import { openOriginal, ownersOf } from './original.ts'
import { type Conditions, matches, needsOwners } from './select.ts'

export interface DeadLetterTools {
  readonly broker: Broker
  readonly codec: Codec
  readonly envelopes: Pick<Envelopes, 'open'>
  readonly directory: ConnectionDirectory
  readonly sources: SourceRegistry
  /** KAFKA_TOPIC_PREFIX */
  readonly prefix: string
}

/** A group for offset queries; nothing commits under it. */
const queryGroup = 'signals-cli'

const rangesOf = async (broker: Broker, topic: string, from: number | null): Promise<OffsetRange[]> => {
  const partitions = await broker.offsets(queryGroup, topic)
  const starts = from === null ? null : await broker.offsetsAt(topic, from)
  return partitions.map(({ partition, low, high }) => ({ partition, from: starts?.get(partition) ?? low, to: high }))
}

interface OpenedDeadLetter {
  readonly found: FoundDeadLetter
  readonly deadLetter: DeadLetter
}

const read = async (
  { broker, codec, prefix }: DeadLetterTools,
  topic: string,
  ranges: readonly OffsetRange[],
  onBatch: (batch: readonly OpenedDeadLetter[]) => void | Promise<void>,
) =>
  broker.read(topic, ranges, async (records) => {
    await codec.prepare(records)
    await onBatch(
      records.map((record) => {
        const deadLetter = codec.decodeDeadLetter(record.value)
        return { found: foundOf(record, deadLetter, prefix), deadLetter }
      }),
    )
  })

/** All dead letters that meet the conditions, by time of failure. Memory holds their metadata, not the sealed records. @throws DependencyError */
export const findDeadLetters = async (
  tools: DeadLetterTools,
  conditions: Conditions,
): Promise<readonly FoundDeadLetter[]> => {
  const found: FoundDeadLetter[] = []
  const stages = consumerStages.filter((stage) => conditions.stage === null || conditions.stage === stage)
  await Promise.all(
    stages.map(async (stage) => {
      const topic = deadLetterTopic(stage)
      const ranges = await rangesOf(tools.broker, topic, conditions.from)
      await read(tools, topic, ranges, async (batch) => {
        const originals = needsOwners(conditions)
          ? batch.map(({ deadLetter }) => openOriginal(deadLetter, tools.codec, tools.envelopes))
          : []
        await tools.codec.prepare(originals.filter((original) => original !== null))
        batch.forEach(({ found: one }, at) => {
          const owners = () => ownersOf(originals[at] ?? null, one, tools)
          if (matches(one, conditions, owners)) found.push(one)
        })
      })
    }),
  )
  return found.sort((a, b) => a.failedAt - b.failedAt)
}

/**
 * The original records of these dead letters, by id, as far as their keys are not erased. Reads one range for each partition.
 * @throws DependencyError, SealBroken
 */
export const openDeadLetters = async (
  tools: DeadLetterTools,
  wanted: readonly FoundDeadLetter[],
): Promise<ReadonlyMap<string, ConsumedRecord>> => {
  const ids = new Set(wanted.map(({ id }) => id))
  const opened = new Map<string, ConsumedRecord>()
  for (const [topic, ofTopic] of Map.groupBy(wanted, ({ place }) => place.topic)) {
    const ranges = Array.from(
      Map.groupBy(ofTopic, ({ place }) => place.partition),
      ([partition, own]): OffsetRange => {
        const offsets = own.map(({ place }) => Number(place.offset))
        return { partition, from: BigInt(Math.min(...offsets)), to: BigInt(Math.max(...offsets)) + 1n }
      },
    )
    await read(tools, topic, ranges, (batch) => {
      for (const { found, deadLetter } of batch) {
        const original = ids.has(found.id) ? openOriginal(deadLetter, tools.codec, tools.envelopes) : null
        if (original !== null) opened.set(found.id, original)
      }
    })
  }
  return opened
}

/** All that ingest has put aside of accounts in quarantine, oldest first; `reason` is the account. @throws DependencyError */
export const findQuarantined = async (tools: DeadLetterTools): Promise<readonly FoundDeadLetter[]> => {
  const found: FoundDeadLetter[] = []
  await read(tools, quarantineTopic, await rangesOf(tools.broker, quarantineTopic, null), (batch) => {
    for (const { found: one } of batch) found.push(one)
  })
  return found.sort((a, b) => a.failedAt - b.failedAt)
}

/** Ids of dead letters that were redriven. @throws DependencyError */
export const readRedriven = async ({ broker }: DeadLetterTools): Promise<ReadonlySet<string>> => {
  const redriven = new Set<string>()
  const topic = topics.redrives.name
  await broker.read(topic, await rangesOf(broker, topic, null), (records) => {
    for (const { key } of records) if (key !== null) redriven.add(key)
  })
  return redriven
}

/**
 * Counts the redriven dead letters whose records failed again.
 * @param since end offsets of the stage's dead-letter topic before the redrive
 * @param ids of the redriven dead letters
 * @throws DependencyError
 */
export const countFailedAgain = async (
  tools: DeadLetterTools,
  stage: ConsumerStage,
  since: ReadonlyMap<number, bigint>,
  ids: ReadonlySet<string>,
): Promise<number> => {
  const topic = deadLetterTopic(stage)
  const partitions = await tools.broker.offsets(queryGroup, topic)
  const ranges = partitions.map(({ partition, low, high }) => ({
    partition,
    from: since.get(partition) ?? low,
    to: high,
  }))
  const failed = new Set<string>()
  await read(tools, topic, ranges, (batch) => {
    for (const { found } of batch) if (found.redriveOf !== null && ids.has(found.redriveOf)) failed.add(found.redriveOf)
  })
  return failed.size
}
