/**
 * Reads the timestamp of a record from the bytes of its batch, and decodes no more than needed. A batch with LogAppendTime has the
 * timestamp in its header, whatever its compression.
 */
import { gunzipSync } from 'node:zlib'

/** Offsets of a record batch's fields (message format 2). */
const at = {
  length: 8,
  magic: 16,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTime: 27,
  maxTime: 35,
  count: 57,
  records: 61,
}
const lengthOverhead = 12
const compression = { none: 0, gzip: 1 }

const varint = (bytes: Buffer, from: number): { value: bigint; next: number } => {
  let value = 0n
  let shift = 0n
  for (let index = from; ; index++) {
    const byte = bytes[index]
    if (byte === undefined) throw new RangeError('cut off')
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return { value: (value >> 1n) ^ -(value & 1n), next: index + 1 }
    shift += 7n
  }
}

/** Time of the first record at or after `wanted` (offset delta); null when compaction left none. */
const timeDeltaOf = (records: Buffer, count: number, wanted: bigint): bigint | null => {
  let start = 0
  for (let n = 0; n < count; n++) {
    const { value: length, next } = varint(records, start)
    // One byte of attributes, then timestamp and offset relative to the batch.
    const time = varint(records, next + 1)
    const offset = varint(records, time.next)
    if (offset.value >= wanted) return time.value
    start = next + Number(length)
  }
  return null
}

const unpacked = (records: Buffer, codec: number): Buffer | null => {
  if (codec === compression.none) return records
  return codec === compression.gzip ? gunzipSync(records) : null
}

export type TimestampHit =
  /** ms */
  | { readonly kind: 'time'; readonly at: number }
  /** These batches have no record at or after the wanted offset: continue at this one. */
  | { readonly kind: 'next'; readonly offset: bigint }

/**
 * @param batches bytes of a fetch at `wanted`; the last batch may be cut off
 */
export const recordTimeOf = (batches: Buffer, wanted: bigint): TimestampHit => {
  let next = wanted
  for (let from = 0; from + at.records <= batches.length; ) {
    const end = from + lengthOverhead + batches.readInt32BE(from + at.length)
    const batch = batches.subarray(from, end)
    from = end
    if (batch.readInt8(at.magic) !== 2) continue
    const base = batch.readBigInt64BE(0)
    const last = base + BigInt(batch.readInt32BE(at.lastOffsetDelta))
    const count = batch.readInt32BE(at.count)
    const attributes = batch.readInt16BE(at.attributes)
    const isControl = (attributes & 0x20) !== 0
    if (last < wanted || isControl || count === 0) {
      if (last >= next) next = last + 1n
      continue
    }
    const stamped = (attributes & 0x08) !== 0
    const maxTime = batch.readBigInt64BE(at.maxTime)
    if (stamped && wanted <= base) return { kind: 'time', at: Number(maxTime) }
    const records = unpacked(batch.subarray(at.records), attributes & 0x07)
    // A compression that we do not decode: use the batch's time.
    if (records === null) return { kind: 'time', at: Number(maxTime) }
    let delta: bigint | null
    try {
      delta = timeDeltaOf(records, count, wanted - base)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      return { kind: 'time', at: Number(maxTime) }
    }
    if (delta !== null)
      return { kind: 'time', at: Number(stamped ? maxTime : batch.readBigInt64BE(at.baseTime) + delta) }
    next = last + 1n
  }
  return { kind: 'next', offset: next }
}
