/** Reads what topics hold of a conversation or a connection. */
import { decodable } from '../../failures.ts'
import type { Keyring } from '../../runtime/keys/keyring.ts'
import type { ConsumedRecord } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { type KeyReader, readByKeys, type TimeWindow } from '../../runtime/topics/read-by-keys.ts'
import type { TopicValues } from '../../shared/model/topic-values.ts'

export interface ReadingTools {
  readonly broker: KeyReader
  readonly codec: Codec
  readonly keyring: Keyring
}

type ReadTopic = 'messages' | 'attributedMessages' | 'touches' | 'signals' | 'deliveries'

/** Calls back for each record of the keys. @throws DependencyError */
export const readRecords = async <T extends ReadTopic>(
  { broker, codec }: Pick<ReadingTools, 'broker' | 'codec'>,
  {
    topic,
    name,
    keys,
    window,
  }: {
    readonly topic: string
    readonly name: T
    readonly keys: ReadonlySet<string>
    readonly window: TimeWindow
  },
  take: (value: TopicValues[T], record: ConsumedRecord) => void,
): Promise<void> =>
  readByKeys(broker, topic, keys, window, async (records) => {
    await codec.prepare(records)
    for (const record of records) {
      const value = record.value === null ? null : decodable(() => codec.decode(name, record))
      if (value) take(value, record)
    }
  })

/** What follows from a record is written so soon, mostly, ms. */
const soonMs = 3_600_000

/** Reads what follows from the records of a window: first what came soon after it, and all that came later unless it is complete. */
export const readFollowing = async (
  { since, until }: TimeWindow,
  read: (window: TimeWindow) => Promise<void>,
  isComplete: () => boolean | Promise<boolean>,
): Promise<void> => {
  if (until === undefined) return read({ since })
  const soon = until + soonMs
  await read({ since, until: soon })
  if (!(await isComplete())) await read({ since: soon })
}
