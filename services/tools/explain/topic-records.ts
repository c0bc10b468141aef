/** Reads what topics hold of one conversation or connection, and what became of its signals. */
import { parkedTopic } from '../../derived-topics.ts'
import { decodable } from '../../failures.ts'
import { headerNames } from '../../runtime/batch/record-headers.ts'
import type { Keyring } from '../../runtime/keys/keyring.ts'
import type { Broker, ConsumedRecord } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { readInBatches } from '../../runtime/topics/read-topic.ts'
import type { Delivery, Pseudonym, TopicValues } from '../../shared/model/topic-values.ts'
import { markOf } from '../../shared/persons/suppressions.ts'
import { topics } from '../../topology.ts'

export interface ReadingTools {
  readonly broker: Pick<Broker, 'read' | 'offsetsAt'>
  readonly codec: Codec
  readonly keyring: Keyring
}

/** TikTok's or dispatch's final outcome, `parked`, or `waiting` in dispatch. */
export interface SignalResult {
  readonly result: Delivery['outcome'] | 'parked' | 'waiting'
  /** TikTok's code, or why it is parked; null: none. */
  readonly code: number | string | null
  /** ms; null: not final. */
  readonly settledAt: number | null
}

/** Calls back for each record of a key. @throws DependencyError */
export const readRecords = async <T extends 'messages' | 'attributedMessages' | 'signals' | 'deliveries'>(
  { broker, codec }: Pick<ReadingTools, 'broker' | 'codec'>,
  {
    topic,
    name,
    key,
    since,
  }: { readonly topic: string; readonly name: T; readonly key: string; readonly since: number },
  take: (value: TopicValues[T], record: ConsumedRecord) => void,
): Promise<void> =>
  readInBatches(
    broker,
    topic,
    async (records) => {
      const own = records.filter((record) => record.key === key)
      if (own.length === 0) return
      await codec.prepare(own)
      for (const record of own) {
        const value = decodable(() => codec.decode(name, record))
        if (value) take(value, record)
      }
    },
    since,
  )

/** By signal id, of the signals of one conversation. @throws DependencyError */
export const signalResults = async (
  connectionId: string,
  conversation: Pseudonym,
  since: number,
  tools: ReadingTools,
): Promise<ReadonlyMap<string, SignalResult>> => {
  const mark = markOf(conversation, tools.keyring)
  const results = new Map<string, SignalResult>()
  const from = { key: connectionId, since }
  await readRecords(tools, { ...from, topic: topics.signals.name, name: 'signals' }, ({ signalId }, { headers }) => {
    if (headers[headerNames.suppressionMark] === mark)
      results.set(signalId, { result: 'waiting', code: null, settledAt: null })
  })
  await readRecords(tools, { ...from, topic: parkedTopic, name: 'signals' }, ({ signalId }, { headers }) => {
    if (results.has(signalId))
      results.set(signalId, { result: 'parked', code: headers.reason ?? null, settledAt: null })
  })
  await readRecords(
    tools,
    { ...from, topic: topics.deliveries.name, name: 'deliveries' },
    ({ signalId, outcome, code, settledAt }) => {
      if (results.has(signalId)) results.set(signalId, { result: outcome, code, settledAt })
    },
  )
  return results
}
