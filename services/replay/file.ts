/** Message events from a file: NDJSON, or an Avro container (.avro). Each becomes a record as a connector would have written it. */
import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import avro from 'avsc'
import { messageEventSchema, problemsOf } from '../model/message-event.ts'
import { headerNames } from '../runtime/origin.ts'
import type { ConsumedRecord } from '../runtime/ports.ts'
import { topics } from '../topology.ts'
import type { FileIdentity } from './request.ts'

/** The file cannot be read, or is another one than the run began with. */
export class FileUnusable extends Error {
  override readonly name = 'FileUnusable'
}

export const identify = async (path: string): Promise<FileIdentity> => {
  const hash = createHash('sha256')
  try {
    for await (const part of createReadStream(path)) hash.update(part as Buffer)
    return { path: resolve(path), bytes: statSync(path).size, hash: hash.digest('hex') }
  } catch (error) {
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

async function* itemsOf(path: string): AsyncGenerator<unknown> {
  if (path.endsWith('.avro')) {
    for await (const item of avro.createFileDecoder(path)) yield item
    return
  }
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
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
const notJson = Symbol('not JSON')

/**
 * @param within event times that are asked for, ms
 * @throws FileUnusable when it is no such file at all
 */
export const readFile = async (
  { path }: FileIdentity,
  within: { readonly from: number | null; readonly to: number | null },
  onRecords: (records: readonly ConsumedRecord[]) => Promise<void>,
  onProblem: (problem: FileProblem) => void,
): Promise<void> => {
  let place = 0
  let batch: ConsumedRecord[] = []
  const recordOf = (item: unknown): ConsumedRecord | null => {
    if (item === notJson) {
      onProblem({ place, problem: 'is not JSON' })
      return null
    }
    const result = messageEventSchema.safeParse(item)
    if (!result.success) {
      const problem = problemsOf(result.error).map((one) => `${one.field}: ${one.problem}`)
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
      headers: { [headerNames.receivedAt]: String(occurredAt) },
      timestamp: occurredAt,
    }
  }
  try {
    for await (const item of itemsOf(path)) {
      place++
      const record = item === undefined ? null : recordOf(item)
      if (record) batch.push(record)
      if (batch.length < batchRecords) continue
      await onRecords(batch)
      batch = []
    }
  } catch (error) {
    if (error instanceof Error && /avro|magic|header/i.test(error.message))
      throw new FileUnusable(`${path} is no Avro container of message events`)
    throw error
  }
  if (batch.length > 0) await onRecords(batch)
}
