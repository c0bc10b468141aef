/** Fetches partitions from one broker; the result has the bytes of their record batches. */
import type { Connection, Reader } from '@platformatic/kafka'
import type { AbortedTransaction } from './decode-batches.ts'
import { type Api, sendRaw } from './protocol.ts'

export interface Wanted {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly offset: bigint
}

export interface FetchLimits {
  readonly maxWaitMs: number
  readonly maxBytes: number
  readonly partitionMaxBytes: number
}

export interface FetchSession {
  /** 0 without a session. */
  readonly id: number
  /** 0 starts a session; -1 fetches without one. */
  readonly epoch: number
  readonly forgotten: readonly Omit<Wanted, 'offset'>[]
}

export interface FetchedPartition {
  readonly topic: string
  readonly partition: number
  /** Error code of the protocol; 0 for none. */
  readonly error: number
  readonly highWatermark: bigint
  readonly aborted: readonly AbortedTransaction[]
  readonly bytes: Buffer
}

export interface Fetched {
  readonly error: number
  readonly sessionId: number
  readonly partitions: readonly FetchedPartition[]
}

/** First versions with compact lengths, and with topic ids. */
const flexibleFrom = 12
const idsFrom = 13
const readCommitted = 1
const uuidBytes = 16

class ResponseReader {
  readonly #bytes: Buffer
  readonly #isFlexible: boolean
  #place = 0
  constructor(bytes: Buffer, isFlexible: boolean) {
    this.#bytes = bytes
    this.#isFlexible = isFlexible
  }

  int16() {
    this.#place += 2
    return this.#bytes.readInt16BE(this.#place - 2)
  }

  int32() {
    this.#place += 4
    return this.#bytes.readInt32BE(this.#place - 4)
  }

  int64() {
    this.#place += 8
    return this.#bytes.readBigInt64BE(this.#place - 8)
  }

  unsignedVarint() {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#place++] as number
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }

  /** Length of an array or of bytes; 0 for null. */
  length() {
    return Math.max(0, this.#isFlexible ? this.unsignedVarint() - 1 : this.int32())
  }

  bytes(length: number) {
    this.#place += length
    return this.#bytes.subarray(this.#place - length, this.#place)
  }

  text() {
    return this.bytes(this.#isFlexible ? this.unsignedVarint() - 1 : this.int16()).toString()
  }

  skipTags() {
    if (!this.#isFlexible) return
    for (let left = this.unsignedVarint(); left > 0; left--) {
      this.unsignedVarint()
      this.bytes(this.unsignedVarint())
    }
  }

  list<T>(one: () => T): T[] {
    return Array.from({ length: this.length() }, one)
  }
}

const idOf = (bytes: Buffer) => {
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

const readResponse = (bytes: Buffer, version: number, nameOf: (topicId: string) => string): Fetched => {
  const reader = new ResponseReader(bytes, version >= flexibleFrom)
  reader.int32()
  const error = reader.int16()
  const sessionId = reader.int32()
  const topics = reader.list(() => {
    const topic = version >= idsFrom ? nameOf(idOf(reader.bytes(uuidBytes))) : reader.text()
    const partitions = reader.list(() => {
      const partition = reader.int32()
      const partitionError = reader.int16()
      const highWatermark = reader.int64()
      // Last stable offset, start of the log.
      reader.int64()
      reader.int64()
      const aborted = reader.list(() => {
        const transaction = { producerId: reader.int64(), firstOffset: reader.int64() }
        reader.skipTags()
        return transaction
      })
      // Preferred replica: unused without a rack.
      reader.int32()
      const records = reader.bytes(reader.length())
      reader.skipTags()
      return { topic, partition, error: partitionError, highWatermark, aborted, bytes: records }
    })
    reader.skipTags()
    return partitions
  })
  return { error, sessionId, partitions: topics.flat() }
}

const byTopic = (wanted: readonly Wanted[], version: number, maxBytes: number) =>
  Array.from(
    Map.groupBy(wanted, ({ topic }) => topic),
    ([topic, places]) => ({
      topicId: version >= idsFrom ? places[0]?.topicId : topic,
      partitions: places.map(({ partition, offset }) => ({
        partition,
        fetchOffset: offset,
        currentLeaderEpoch: -1,
        lastFetchedEpoch: -1,
        partitionMaxBytes: maxBytes,
      })),
    }),
  )

const forgottenByTopic = (forgotten: FetchSession['forgotten'], version: number) =>
  Array.from(
    Map.groupBy(forgotten, ({ topic }) => topic),
    ([topic, places]) => ({
      topicId: version >= idsFrom ? places[0]?.topicId : topic,
      partitions: places.map(({ partition }) => partition),
    }),
  )

/**
 * @param wanted within a session, the changed partitions only
 * @param nameOf topic name of an id
 */
export const fetchOnce = (
  connection: Connection,
  api: Api,
  wanted: readonly Wanted[],
  nameOf: (topicId: string) => string,
  limits: FetchLimits,
  session: FetchSession = { id: 0, epoch: -1, forgotten: [] },
): Promise<Fetched> => {
  const { version } = api.api
  const request = () =>
    api.createRequest(
      limits.maxWaitMs,
      1,
      limits.maxBytes,
      readCommitted,
      session.id,
      session.epoch,
      byTopic(wanted, version, limits.partitionMaxBytes),
      forgottenByTopic(session.forgotten, version),
      '',
    )
  const parse = (_correlation: number, _key: number, _version: number, { buffer }: Reader) =>
    readResponse(buffer.buffer, version, nameOf)
  return sendRaw(connection, api, request, parse, flexibleFrom)
}

/** Error codes with a treatment of their own. */
export const fetchError = { none: 0, offsetOutOfRange: 1, sessionNotFound: 70, invalidSessionEpoch: 71 } as const
