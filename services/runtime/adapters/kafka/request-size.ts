/** Produce requests below the broker's limit. */
import { allTopics } from '../../../topology.ts'
import { type ProducerRecord, RecordTooLarge } from '../../ports.ts'

/** The broker's default of message.max.bytes, which holds for every topic that declares none. */
const defaultLimit = 1_048_576
/** A record batch has 61 bytes of its own, a record about 20 besides key, value and headers. */
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

export const mostBytes = defaultLimit - batchOverhead

/** Runs of records whose sum stays below every topic's limit, in order. @throws RecordTooLarge */
export const cut = (records: readonly ProducerRecord[]): readonly Run[] => {
  const runs: Run[] = []
  let run: Run | undefined
  records.forEach((record, index) => {
    const size = sizeOf(record)
    const limit = (limits.get(record.topic) ?? defaultLimit) - batchOverhead
    if (size > limit) throw new RecordTooLarge(index, size, limit)
    if (run === undefined || run.bytes + size > mostBytes) {
      run = { records: [], bytes: 0 }
      runs.push(run)
    }
    run.records.push(record)
    run.bytes += size
  })
  return runs
}
