/** Reads all records of the keyword-lists topic and writes versions to it. */

import type { Broker } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { readWhole } from '../../runtime/topics/read-topic.ts'
import type { KeywordListRecord } from '../../shared/model/keyword-list.ts'
import { topics } from '../../topology.ts'
import { listKey } from './active-lists.ts'

/** All versions of all lists, in the order of the topic. @throws DependencyError */
export const readLists = async (broker: Broker, codec: Codec): Promise<readonly KeywordListRecord[]> => {
  const found = new Map<string, KeywordListRecord>()
  await readWhole(broker, topics.keywordLists.name, async (record) => {
    if (record.key === null || record.value === null) return
    await codec.prepare([record])
    found.set(record.key, codec.decode('keywordLists', record))
  })
  return [...found.values()]
}

/** @throws DependencyError */
export const writeList = async (broker: Broker, codec: Codec, list: KeywordListRecord): Promise<void> => {
  const producer = await broker.producer()
  try {
    await producer.send([
      { topic: topics.keywordLists.name, key: listKey(list), value: codec.encode('keywordLists', list) },
    ])
  } finally {
    await producer.close()
  }
}
