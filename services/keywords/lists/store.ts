/** Reads all records of the keyword-lists topic and writes versions to it. */
import type { Broker } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import type { KeywordListRecord } from '../../shared/model/keyword-list.ts'
import { readVersions, writeVersion } from '../versions/store.ts'
import { listKey } from './active-lists.ts'

/** All versions of all lists, in the order of the topic. @throws DependencyError */
export const readLists = (broker: Broker, codec: Codec): Promise<readonly KeywordListRecord[]> =>
  readVersions('keywordLists', broker, codec)

/** @throws DependencyError, RecordTooLarge */
export const writeList = (broker: Broker, codec: Codec, list: KeywordListRecord): Promise<void> =>
  writeVersion('keywordLists', listKey(list), list, broker, codec)
