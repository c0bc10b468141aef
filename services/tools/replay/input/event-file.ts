/** Reads message events from NDJSON or an Avro container (.avro). Each becomes a record as a connector would write it. */

import { createHash } from 'node:crypto'
import { createReadStream, type ReadStream, statSync } from 'node:fs'
import { resolve } from 'node:path'
import avro from 'avsc'
import type { ConsumedRecord } from '../../../runtime/ports.ts'
import { avroType } from '../../../runtime/topics/avro-type.ts'
import { connectorHeaders } from '../../../shared/model/channel-event.ts'
import { eventProblemsOf, messageEventSchema } from '../../../shared/model/message-event.ts'
import { plainIssue } from '../../../shared/text/plain-issue.ts'
import { splitLines } from '../../../shared/text/split-lines.ts'
import { topics } from '../../../topology.ts'
import type { FileIdentity } from '../request.ts'
import { checkContainer, FileUnusable, isAvro, readable, Unreadable } from './avro-container.ts'

/** @throws FileUnusable when the file cannot be read, or is a truncated or unsupported container */
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
  /** Line of an NDJSON file, item of an Avro container, from 1. The name is a field of `--json`. */
  readonly place: number
  /** Names the field and the remedy, never a value. */
  readonly problem: string
}

/** No partition of the topic has this number: the owner of a claim must differ from all owners of live traffic. */
const filePartition = 255
const batchRecords = 1_000
/** Skipped items after which progress is reported all the same. */
const progressItems = 10_000

interface Items {
  readonly items: AsyncIterable<unknown>
  bytesRead(): number
}

const itemsOf = (path: string): Items => {
  const file = createReadStream(path)
  const bytesRead = () => file.bytesRead
  if (!isAvro(path)) return { items: linesOf(file), bytesRead }
  const decoder = new avro.streams.BlockDecoder({ parseHook: avroType })
  // pipe() does not forward errors.
  file.on('error', (error) => decoder.destroy(error))
  return { items: file.pipe(decoder), bytesRead }
}

async function* linesOf(file: ReadStream): AsyncGenerator<unknown> {
  let isFirst = true
  for await (const text of splitLines(file.setEncoding('utf8'))) {
    const line = isFirst ? text.replace(byteOrderMark, '') : text
    isFirst = false
    if (line.trim() === '') yield undefined
    else {
      try {
        yield JSON.parse(line)
      } catch {
        // The parser's message quotes the text: it must not reach a log.
        yield notJson
      }
    }
  }
}
const byteOrderMark = /^\uFEFF/
const notJson = Symbol('not JSON')

/**
 * @param within event times, ms: `from` included, `to` not
 * @throws FileUnusable when the file cannot be decoded
 */
export const readFile = async (
  { path, bytes }: Pick<FileIdentity, 'path' | 'bytes'>,
  within: { readonly from: number | null; readonly to: number | null },
  /** `share` of the file that is read, 0 to 1. Called without records, too, while items outside `within` are skipped. */
  onRecords: (records: readonly ConsumedRecord[], share: number) => Promise<void>,
  onProblem: (problem: FileProblem) => void,
): Promise<void> => {
  const { items, bytesRead } = itemsOf(path)
  let position = 0
  let batch: ConsumedRecord[] = []
  const recordOf = (item: unknown): ConsumedRecord | null => {
    if (item === notJson) {
      onProblem({ place: position, problem: 'is not JSON: a line holds one message event, as a JSON object' })
      return null
    }
    const result = messageEventSchema.safeParse(item, { error: plainIssue })
    if (!result.success) {
      const problem = eventProblemsOf(result.error).map((one) => `${one.field}: ${one.problem}`)
      onProblem({ place: position, problem: problem.join('; ') })
      return null
    }
    const { occurredAt } = result.data
    if ((within.from !== null && occurredAt < within.from) || (within.to !== null && occurredAt >= within.to))
      return null
    return {
      topic: topics.channelEvents.name,
      partition: filePartition,
      offset: BigInt(position),
      key: null,
      value: Buffer.from(JSON.stringify(result.data)),
      // A file has no receive times: the event time replaces it.
      headers: connectorHeaders(occurredAt),
      timestamp: occurredAt,
    }
  }
  try {
    for await (const item of readable(items)) {
      position++
      const record = item === undefined ? null : recordOf(item)
      if (record) batch.push(record)
      if (batch.length < batchRecords && position % progressItems !== 0) continue
      await onRecords(batch, bytesRead() / bytes)
      batch = []
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    throw new FileUnusable(`${path} cannot be read after item ${position}: export it again, or as NDJSON`)
  }
  await onRecords(batch, 1)
}
