/** Reads dead letters and the notes of what was put back. */

import { deadLetterTopic } from '../../derived-topics.ts'
import type { Keyring } from '../../runtime/keys/keyring.ts'
import type { Broker, ConsumedRecord, OffsetRange } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../../shared/connections/directory.ts'
import type { DeadLetter } from '../../shared/model/dead-letter.ts'
import type { SourceRegistry } from '../../shared/sources/source.ts'
import { type ConsumerStage, consumerStages, topics } from '../../topology.ts'
import { type FoundDeadLetter, foundOf } from './found.ts'
import { belongingOf, openOriginal } from './original.ts'
import { type Conditions, matches, needsBelonging } from './select.ts'

export interface DeadLetterTools {
  readonly broker: Broker
  readonly codec: Codec
  readonly keyring: Keyring
  readonly directory: ConnectionDirectory
  readonly sources: SourceRegistry
}

/** No group commits there: any name tells where the topic begins and ends. */
const looking = 'signals-cli'

const stretchesOf = async (broker: Broker, topic: string, from: number | null): Promise<OffsetRange[]> => {
  const ends = await broker.offsets(looking, topic)
  const starts = from === null ? null : await broker.offsetsAt(topic, from)
  return ends.map(({ partition, low, high }) => ({ partition, from: starts?.get(partition) ?? low, to: high }))
}

interface Read {
  readonly found: FoundDeadLetter
  readonly letter: DeadLetter
}

const read = async (
  { broker, codec }: DeadLetterTools,
  topic: string,
  stretches: readonly OffsetRange[],
  onLetters: (letters: readonly Read[]) => void | Promise<void>,
) =>
  broker.read(topic, stretches, async (records) => {
    await codec.prepare(records)
    await onLetters(
      records.map((record) => {
        const letter = codec.decodeDeadLetter(record.value)
        return { found: foundOf(record, letter), letter }
      }),
    )
  })

/** Everything that the conditions select, oldest first per partition; memory holds what they say, not what they seal. @throws DependencyError */
export const findDeadLetters = async (
  tools: DeadLetterTools,
  conditions: Conditions,
): Promise<readonly FoundDeadLetter[]> => {
  const found: FoundDeadLetter[] = []
  const stages = consumerStages.filter((stage) => conditions.stage === null || conditions.stage === stage)
  await Promise.all(
    stages.map(async (stage) => {
      const topic = deadLetterTopic(stage)
      const stretches = await stretchesOf(tools.broker, topic, conditions.from)
      await read(tools, topic, stretches, async (letters) => {
        const originals = needsBelonging(conditions)
          ? letters.map(({ letter }) => openOriginal(letter, tools.codec, tools.keyring))
          : []
        await tools.codec.prepare(originals)
        letters.forEach((one, at) => {
          const belonging = () => belongingOf(originals[at] as ConsumedRecord, tools)
          if (matches(one.found, conditions, belonging)) found.push(one.found)
        })
      })
    }),
  )
  return found.sort((a, b) => a.failedAt - b.failedAt)
}

/** What these dead letters stand for, opened. Read by stretches: neighbours come in one go. @throws DependencyError, SealBroken */
export const openDeadLetters = async (
  tools: DeadLetterTools,
  wanted: readonly FoundDeadLetter[],
): Promise<ReadonlyMap<string, ConsumedRecord>> => {
  const ids = new Set(wanted.map(({ id }) => id))
  const opened = new Map<string, ConsumedRecord>()
  for (const [topic, ofTopic] of Map.groupBy(wanted, ({ place }) => place.topic)) {
    const stretches = Array.from(
      Map.groupBy(ofTopic, ({ place }) => place.partition),
      ([partition, own]): OffsetRange => {
        const offsets = own.map(({ place }) => Number(place.offset))
        return { partition, from: BigInt(Math.min(...offsets)), to: BigInt(Math.max(...offsets)) + 1n }
      },
    )
    await read(tools, topic, stretches, (letters) => {
      for (const { found, letter } of letters)
        if (ids.has(found.id)) opened.set(found.id, openOriginal(letter, tools.codec, tools.keyring))
    })
  }
  return opened
}

/** Ids of dead letters that were put back. @throws DependencyError */
export const readRedriven = async ({ broker }: DeadLetterTools): Promise<ReadonlySet<string>> => {
  const redriven = new Set<string>()
  const topic = topics.redrives.name
  await broker.read(topic, await stretchesOf(broker, topic, null), (records) => {
    for (const { key } of records) if (key !== null) redriven.add(key)
  })
  return redriven
}

/** How many of these came back as dead letters behind the given ends. @throws DependencyError */
export const failedAgain = async (
  tools: DeadLetterTools,
  stage: ConsumerStage,
  since: ReadonlyMap<number, bigint>,
  ids: ReadonlySet<string>,
): Promise<number> => {
  const topic = deadLetterTopic(stage)
  const ends = await tools.broker.offsets(looking, topic)
  const stretches = ends.map(({ partition, low, high }) => ({ partition, from: since.get(partition) ?? low, to: high }))
  const failed = new Set<string>()
  await read(tools, topic, stretches, (letters) => {
    for (const { found } of letters)
      if (found.redriveOf !== null && ids.has(found.redriveOf)) failed.add(found.redriveOf)
  })
  return failed.size
}
