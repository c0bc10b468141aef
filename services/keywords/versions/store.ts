/** Reads all records of a topic of versions and writes versions to it. */

import type { Broker } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { readWhole } from '../../runtime/topics/read-topic.ts'
import type { TopicValues } from '../../shared/model/topic-values.ts'
import { topics } from '../../topology.ts'

/** Topics with a record for each version. */
export type VersionTopic = 'keywordLists' | 'ruleSets'

/** All versions, in the order of the topic. @throws DependencyError */
export const readVersions = async <T extends VersionTopic>(
  topic: T,
  broker: Broker,
  codec: Codec,
): Promise<readonly TopicValues[T][]> => {
  const found = new Map<string, TopicValues[T]>()
  await readWhole(broker, topics[topic].name, async (record) => {
    if (record.key === null || record.value === null) return
    await codec.prepare([record])
    found.set(record.key, codec.decode(topic, record))
  })
  return [...found.values()]
}

/** @param key see `versionKey` of version-archive.ts @throws DependencyError, RecordTooLarge */
export const writeVersion = async <T extends VersionTopic>(
  topic: T,
  key: string,
  value: TopicValues[T],
  broker: Broker,
  codec: Codec,
): Promise<void> => {
  const producer = await broker.producer()
  try {
    await producer.send([{ topic: topics[topic].name, key, value: codec.encode(topic, value) }])
  } finally {
    await producer.close()
  }
}
