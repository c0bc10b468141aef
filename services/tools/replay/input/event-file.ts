/** Message events from a file: NDJSON, or an Avro container (.avro). Each becomes a record as a connector would have written it. */
import { createHash } from 'node:crypto'
import { createReadStream, type ReadStream, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import avro from 'avsc'
import type { ConsumedRecord } from '../../../runtime/ports.ts'
import { connectorHeaders } from '../../../shared/model/channel-event.ts'
import { eventProblemsOf, messageEventSchema } from '../../../shared/model/message-event.ts'
import { topics } from '../../../topology.ts'
import type { FileIdentity } from '../request.ts'
import { checkContainer, FileUnusable, isAvro, readable, Unreadable } from './avro-container.ts'

export const identifyFile = async (path: string): Promise<FileIdentity> => {
  const hash = createHash('sha256')
  try {
    for await (const part of createReadStream(path)) hash.update(part as Buffer)
    const bytes = statSync(path).size
    if (isAvro(path)) checkContainer(path, bytes)
    return { path: resolve(path), bytes, hash: hash.digest('hex') }
  } catch (error) {
    if (error instanceof FileUnusable) throw error
    throw new FileUnusable(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
}

export interface FileProblem {
  /** Line of an NDJSON file, item of an Avro one, from 1. */
  readonly place: number
  /** Names the field and the remedy, never a value. */
  readonly problem: string
}

/** No partition of the topic: a claim's owner must not look like one of live's. */
const filePartition = 255
const batchRecords = 1_000
/** Items that are passed over before somebody hears of it. */
const mostUnseen = 10_000

interface Items {
  readonly items: AsyncIterable<unknown>
  /** Of the file that are read by now. */
  bytesRead(): number
}

const itemsOf = (path: string): Items => {
  const file = createReadStream(path)
  const bytesRead = () => file.bytesRead
  if (!isAvro(path)) return { items: linesOf(file), bytesRead }
  const decoder = new avro.streams.BlockDecoder()
  // A pipe hands on no errors.
  file.on('error', (error) => decoder.destroy(error))
  return { items: file.pipe(decoder), bytesRead }
}

async function* linesOf(file: ReadStream): AsyncGenerator<unknown> {
  let isFirst = true
  for await (const text of createInterface({ input: file, crlfDelay: Infinity })) {
    const line = isFirst ? text.replace(byteOrderMark, '') : text
    isFirst = false
    if (line.trim() === '') yield undefined
    else {
      try {
        yield JSON.parse(line)
      } catch {
        // The parser's message quotes the text it failed on.
        yield notJson
      }
    }
  }
}
const byteOrderMark = /^\uFEFF/
const notJson = Symbol('not JSON')

/**
 * @param within event times that are asked for, ms
 * @throws FileUnusable when it is no such file at all
 */
export const readFile = async (
  { path, bytes }: Pick<FileIdentity, 'path' | 'bytes'>,
  within: { readonly from: number | null; readonly to: number | null },
  /** `share`: how much of the file is read by now, 0 to 1. Also without records, where none of many is asked for. */
  onRecords: (records: readonly ConsumedRecord[], share: number) => Promise<void>,
  onProblem: (problem: FileProblem) => void,
): Promise<void> => {
  const { items, bytesRead } = itemsOf(path)
  let place = 0
  let batch: ConsumedRecord[] = []
  const recordOf = (item: unknown): ConsumedRecord | null => {
    if (item === notJson) {
      onProblem({ place, problem: 'is not JSON: a line holds one message event, as a JSON object' })
      return null
    }
    const result = messageEventSchema.safeParse(item)
    if (!result.success) {
      const problem = eventProblemsOf(result.error).map((one) => `${one.field}: ${one.problem}`)
      onProblem({ place, problem: problem.join('; ') })
      return null
    }
    const { occurredAt } = result.data
    if ((within.from !== null && occurredAt < within.from) || (within.to !== null && occurredAt >= within.to))
      return null
    return {
      topic: topics.channelEvents.name,
      partition: filePartition,
      offset: BigInt(place),
      key: null,
      value: Buffer.from(JSON.stringify(result.data)),
      // A file does not say when its events came: when they happened stands for it.
      headers: connectorHeaders(occurredAt),
      timestamp: occurredAt,
    }
  }
  try {
    for await (const item of readable(items)) {
      place++
      const record = item === undefined ? null : recordOf(item)
      if (record) batch.push(record)
      if (batch.length < batchRecords && place % mostUnseen !== 0) continue
      await onRecords(batch, bytesRead() / bytes)
      batch = []
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    throw new FileUnusable(`${path} cannot be read behind item ${place}: export it anew, or as NDJSON`)
  }
  await onRecords(batch, 1)
}
