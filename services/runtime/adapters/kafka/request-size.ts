/** Keeps produce requests below the broker's size limit. */
import { allTopics } from '../../../derived-topics.ts'
import { type ProducerRecord, RecordTooLarge } from '../../ports.ts'

/** The broker's default of message.max.bytes, bytes; for topics without a limit of their own. */
const defaultLimit = 1_048_576
/** A record batch has a header of 61 bytes; a record has about 20 bytes besides key, value and headers. */
const batchOverhead = 1_024
const recordOverhead = 24

const limits = new Map(allTopics.map(({ name, maxMessageBytes }) => [name, maxMessageBytes ?? defaultLimit]))

const sizeOf = ({ key, value, headers }: ProducerRecord) => {
  let size = recordOverhead + (value?.length ?? 0) + (key === null ? 0 : Buffer.byteLength(key))
  for (const name in headers) size += name.length + Buffer.byteLength(headers[name] as string) + 4
  return size
}

export interface Run {
  readonly records: ProducerRecord[]
  bytes: number
}

export const maxBytes = defaultLimit - batchOverhead

/**
 * Divides records, in order, into requests below the size limit.
 * @param prefix before the name of every topic
 * @throws RecordTooLarge
 */
export const cut = (records: readonly ProducerRecord[], prefix = ''): readonly Run[] => {
  const runs: Run[] = []
  let run: Run | undefined
  records.forEach((record, index) => {
    const size = sizeOf(record)
    const limit = (limits.get(record.topic.slice(prefix.length)) ?? defaultLimit) - batchOverhead
    if (size > limit) throw new RecordTooLarge(index, size, limit)
    if (run === undefined || run.bytes + size > maxBytes) {
      run = { records: [], bytes: 0 }
      runs.push(run)
    }
    run.records.push(record)
    run.bytes += size
  })
  return runs
}
