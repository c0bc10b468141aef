/**
 * Decodes the records of a fetch. Values are views of the response, and headers are decoded at their first use.
 * `readRecordsBatch` of platformatic needs more CPU, because it reads each field from a list of buffers.
 */
import { compressionsAlgorithmsByBitmask } from '@platformatic/kafka'
import type { ConsumedRecord, Headers } from '../../../../ports.ts'
import { Occurrences } from './occurrences.ts'

/** Positions of the header fields (message format 2). */
const at = {
  length: 8,
  magic: 16,
  attributes: 21,
  lastOffsetDelta: 23,
  firstTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  count: 57,
  records: 61,
} as const
const lengthOverhead = 12
const attribute = { codec: 0x07, stampedByBroker: 0x08, transactional: 0x10, control: 0x20 } as const
/** Type of a control record that ends an aborted transaction. */
const abortMarker = 0

/** Reads the varints of one buffer from left to right. */
class Cursor {
  readonly bytes: Buffer
  place: number
  constructor(bytes: Buffer, place: number) {
    this.bytes = bytes
    this.place = place
  }

  varint(): number {
    const { bytes } = this
    let byte = bytes[this.place++] as number
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
    let value = byte & 0x7f
    for (let factor = 128; byte > 0x7f; factor *= 128) {
      byte = bytes[this.place++] as number
      value += (byte & 0x7f) * factor
    }
    // Zigzag without bit operations, which are limited to 32 bits.
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  text(length: number): string {
    const from = this.place
    this.place += length
    return this.bytes.toString('utf8', from, this.place)
  }

  view(length: number): Buffer {
    const from = this.place
    this.place += length
    return this.bytes.subarray(from, this.place)
  }
}

const noHeaders: Headers = {}

const headersAt = (bytes: Buffer, place: number): Headers => {
  const cursor = new Cursor(bytes, place)
  const count = cursor.varint()
  if (count <= 0) return noHeaders
  // Of several values of a header the last one counts, as in Kafka's own `lastHeader`.
  const headers: Record<string, string> = {}
  for (let n = 0; n < count; n++) {
    const name = cursor.text(cursor.varint())
    const length = cursor.varint()
    const value = length < 0 ? '' : cursor.text(length)
    // An assignment to `__proto__` would be lost.
    if (name === '__proto__') Object.defineProperty(headers, name, { value, enumerable: true, configurable: true })
    else headers[name] = value
  }
  return headers
}

class FetchedRecord implements ConsumedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly key: string | null
  readonly value: Buffer | null
  readonly timestamp: number
  readonly #bytes: Buffer
  readonly #headersFrom: number
  #headers: Headers | undefined

  constructor(topic: string, partition: number, offset: bigint, timestamp: number, cursor: Cursor) {
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.timestamp = timestamp
    const keyLength = cursor.varint()
    this.key = keyLength < 0 ? null : cursor.text(keyLength)
    const valueLength = cursor.varint()
    this.value = valueLength < 0 ? null : cursor.view(valueLength)
    this.#bytes = cursor.bytes
    this.#headersFrom = cursor.place
  }

  get headers(): Headers {
    this.#headers ??= headersAt(this.#bytes, this.#headersFrom)
    return this.#headers
  }
}

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/** Finds batches of aborted transactions; batches must be checked in order. */
class Aborted {
  readonly #waiting: AbortedTransaction[]
  readonly #open = new Set<bigint>()
  constructor(transactions: readonly AbortedTransaction[]) {
    this.#waiting = [...transactions].sort((a, b) => Number(a.firstOffset - b.firstOffset))
  }

  has(producerId: bigint, lastOffset: bigint): boolean {
    while (this.#waiting[0] && this.#waiting[0].firstOffset <= lastOffset)
      this.#open.add((this.#waiting.shift() as AbortedTransaction).producerId)
    return this.#open.has(producerId)
  }

  ended(producerId: bigint) {
    this.#open.delete(producerId)
  }
}

const unpacked = (batch: Buffer, attributes: number): { bytes: Buffer; from: number } => {
  const codec = attributes & attribute.codec
  if (codec === 0) return { bytes: batch, from: at.records }
  const algorithm = compressionsAlgorithmsByBitmask[codec]
  if (!algorithm) throw new Error(`a record batch is compressed in an unknown way (${codec})`)
  return { bytes: algorithm.decompressSync(batch.subarray(at.records)), from: 0 }
}

/** The key of a control record: version, then type. */
const isAbortMarker = (batch: Buffer): boolean => {
  const cursor = new Cursor(batch, at.records)
  cursor.varint()
  cursor.place++
  cursor.varint()
  cursor.varint()
  const length = cursor.varint()
  return length >= 4 && batch.readInt16BE(cursor.place + 2) === abortMarker
}

export interface Decoded {
  readonly records: readonly ConsumedRecord[]
  /** Offset after the last complete batch, including gaps of compaction and transactions. */
  readonly next: bigint
}

/**
 * @param bytes bytes of a fetch at `wanted`; the last batch may be cut off
 * @param holding a record without any of these bytes is passed over; undefined: none is
 */
export const decodeBatches = (
  bytes: Buffer,
  {
    topic,
    partition,
    wanted,
    aborted,
    holding,
  }: {
    topic: string
    partition: number
    wanted: bigint
    aborted: readonly AbortedTransaction[]
    holding?: readonly Buffer[] | undefined
  },
): Decoded => {
  const records: ConsumedRecord[] = []
  const transactions = aborted.length > 0 ? new Aborted(aborted) : null
  let next = wanted
  for (let from = 0; from + at.records <= bytes.length; ) {
    const end = from + lengthOverhead + bytes.readInt32BE(from + at.length)
    if (end > bytes.length) break
    const batch = bytes.subarray(from, end)
    from = end
    if (batch[at.magic] !== 2) throw new Error('records of a message format before Kafka 0.11')
    const base = batch.readBigInt64BE(0)
    const last = base + BigInt(batch.readInt32BE(at.lastOffsetDelta))
    if (last < next) continue
    const attributes = batch.readInt16BE(at.attributes)
    const firstDelta = base < next ? Number(next - base) : 0
    next = last + 1n
    if (transactions && (attributes & attribute.transactional) !== 0) {
      const producerId = batch.readBigInt64BE(at.producerId)
      const isAborted = transactions.has(producerId, last)
      if ((attributes & attribute.control) !== 0 && isAbortMarker(batch)) transactions.ended(producerId)
      if (isAborted) continue
    }
    if ((attributes & attribute.control) !== 0) continue
    const isStamped = (attributes & attribute.stampedByBroker) !== 0
    const batchTime = Number(batch.readBigInt64BE(isStamped ? at.maxTimestamp : at.firstTimestamp))
    const { bytes: plain, from: start } = unpacked(batch, attributes)
    const occurrences = holding && new Occurrences(plain, start, holding)
    if (occurrences?.isNone) continue
    const cursor = new Cursor(plain, start)
    const count = batch.readInt32BE(at.count)
    for (let n = 0; n < count; n++) {
      const length = cursor.varint()
      const behind = cursor.place + length
      if (occurrences && !occurrences.isIn(cursor.place, behind)) {
        cursor.place = behind
        continue
      }
      // One byte of attributes.
      cursor.place++
      const timeDelta = cursor.varint()
      const delta = cursor.varint()
      if (delta >= firstDelta) {
        const timestamp = isStamped ? batchTime : batchTime + timeDelta
        records.push(new FetchedRecord(topic, partition, base + BigInt(delta), timestamp, cursor))
      }
      cursor.place = behind
    }
  }
  return { records, next }
}
