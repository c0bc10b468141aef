import { gzipSync, zstdCompressSync } from 'node:zlib'
import {
  compatibilityPartitioner,
  compressionsAlgorithms,
  createRecordsBatch,
  Reader,
  readRecordsBatch,
} from '@platformatic/kafka'
import fc from 'fast-check'
import { decodeBatches } from '../../../../../services/runtime/adapters/kafka/platformatic/wire/decode-batches.ts'
import {
  type Compression,
  encodeBatch,
} from '../../../../../services/runtime/adapters/kafka/platformatic/wire/encode-batch.ts'
import { partitionOf } from '../../../../../services/runtime/adapters/kafka/platformatic/wire/murmur2.ts'
import type { ProducerRecord } from '../../../../../services/runtime/ports.ts'

const sequence = { producerId: 7n, producerEpoch: 2, first: 40 }
const now = 1_763_900_000_123
const encode = (records: readonly ProducerRecord[], compression?: Compression) =>
  encodeBatch(records, sequence, now, compression)
const place = { topic: 't', partition: 3, wanted: 0n, aborted: [] }
/** As the broker would have stored it. */
const at = (batch: Buffer, base: bigint) => {
  const moved = Buffer.from(batch)
  moved.writeBigInt64BE(base, 0)
  return moved
}
const record = (value: string): ProducerRecord => ({ topic: 't', key: 'k', value: Buffer.from(value) })
const values = (bytes: Buffer, wanted = 0n) =>
  decodeBatches(bytes, { ...place, wanted }).records.map((one) => String(one.value))

const text = fc.string({ unit: 'binary' })
const anyRecord = fc.record({
  topic: fc.constant('t'),
  key: fc.option(text),
  value: fc.option(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))),
  headers: fc.dictionary(text, text, { noNullPrototype: true, maxKeys: 4 }),
})

describe('a record batch', () => {
  it('keeps a header of any name', () => {
    const headers = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string>
    const [found] = decodeBatches(encode([{ topic: 't', key: null, value: null, headers }]), {
      ...place,
      wanted: 0n,
    }).records
    expect(Object.entries(found?.headers ?? {})).toEqual(Object.entries(headers))
  })

  it('comes out as it went in', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 200 }), (records) => {
        const { records: found, next } = decodeBatches(at(encode(records), 1_000n), { ...place, wanted: 1_000n })
        expect(next).toBe(1_000n + BigInt(records.length))
        expect(found.map(({ key, value, headers }) => ({ key, value, headers }))).toEqual(
          records.map(({ key, value, headers }) => ({ key, value, headers: { ...headers } })),
        )
        expect(found.map(({ offset }) => offset)).toEqual(records.map((_, i) => 1_000n + BigInt(i)))
        expect(new Set(found.map(({ timestamp }) => timestamp))).toEqual(new Set([now]))
      }),
      { numRuns: 50 },
    )
  })

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('is smaller by %s, and comes out as it went in', (name) => {
    const records = Array.from({ length: 100 }, (_, i) => record(`the same text again and again ${i}`))
    const bytes = encode(records, compressionsAlgorithms[name])
    expect(bytes.length).toBeLessThan(encode(records).length / 2)
    expect(values(bytes)).toEqual(records.map(({ value }) => String(value)))
    const read = readRecordsBatch(Reader.from(bytes))
    expect(read.records.map(({ value }) => String(value))).toEqual(values(bytes))
  })

  it('passes over records that hold none of the wanted bytes, wherever these are', () => {
    fc.assert(
      fc.property(
        fc.array(anyRecord, { minLength: 1, maxLength: 60 }),
        fc.array(fc.nat(59), { maxLength: 6 }),
        (records, marked) => {
          const all = records.map((one, i): ProducerRecord => {
            if (!marked.includes(i)) return one
            if (i % 3 === 0) return { ...one, key: `${one.key ?? ''}needle-one` }
            if (i % 3 === 1)
              return { ...one, value: Buffer.concat([one.value ?? Buffer.alloc(0), Buffer.from('needle-two')]) }
            return { ...one, headers: { ...one.headers, h: 'needle-one' } }
          })
          const holding = ['needle-one', 'needle-two', 'in-none'].map((one) => Buffer.from(one))
          const found = decodeBatches(at(encode(all), 5n), { ...place, wanted: 5n, holding })
          const expected = [...new Set(marked)].filter((i) => i < all.length).sort((a, b) => a - b)
          expect(found.records.map(({ offset }) => Number(offset) - 5)).toEqual(expected)
          expect(found.next).toBe(5n + BigInt(all.length))
        },
      ),
      { numRuns: 50 },
    )
  })

  it('is what platformatic reads, and reads what platformatic writes', () => {
    const records = Array.from({ length: 300 }, (_, i) => ({ ...record(`v${i}`), headers: { a: 'á', b: '' } }))
    const read = readRecordsBatch(Reader.from(encode(records)))
    expect(read).toMatchObject({ producerId: 7n, producerEpoch: 2, firstSequence: 40, lastOffsetDelta: 299 })
    expect(read.records.map(({ key, value }) => `${key} ${value}`)).toEqual(records.map(({ value }) => `k ${value}`))
    expect(read.records[0]?.headers.map((pair) => pair.map(String))).toEqual([
      ['a', 'á'],
      ['b', ''],
    ])
    const written = createRecordsBatch(
      records.map(({ key, value }, i) => ({
        topic: 't',
        key: Buffer.from(key as string),
        value: value as Buffer,
        headers: new Map([[Buffer.from('n'), Buffer.from(String(i))]]),
        timestamp: BigInt(now + i),
      })),
      {},
    ).buffer
    const { records: found } = decodeBatches(written, place)
    expect(found.map(({ timestamp }) => timestamp - now)).toEqual(records.map((_, i) => i))
    expect(found[7]).toMatchObject({ topic: 't', partition: 3, offset: 7n, key: 'k', headers: { n: '7' } })
    // Behind the head, byte for byte the same.
    const same = createRecordsBatch(
      records.map(({ key, value, headers }) => ({
        ...{ topic: 't', partition: 0, key: Buffer.from(key as string), value: value as Buffer },
        headers: new Map(
          Object.entries(headers).map((pair) => pair.map((one) => Buffer.from(one)) as [Buffer, Buffer]),
        ),
        timestamp: BigInt(now),
      })),
      {},
    )
    expect(encode(records).subarray(61)).toEqual(Buffer.from(same.buffer).subarray(61))
  })

  it('is unpacked, whichever way it was packed', () => {
    const plain = encode(['a', 'b'].map(record))
    for (const [codec, pack] of [
      [1, gzipSync],
      [4, zstdCompressSync],
    ] as const) {
      const packed = Buffer.concat([plain.subarray(0, 61), pack(plain.subarray(61))])
      packed.writeInt32BE(packed.length - 12, 8)
      packed.writeInt16BE(codec, 21)
      expect(values(packed)).toEqual(['a', 'b'])
    }
  })

  it('is read from the offset that was asked for, and not at all where it is cut off', () => {
    const first = at(encode(['a', 'b', 'c'].map(record)), 10n)
    const second = at(encode(['d', 'e'].map(record)), 13n)
    const both = Buffer.concat([first, second])
    expect(values(both, 12n)).toEqual(['c', 'd', 'e'])
    expect(decodeBatches(both.subarray(0, both.length - 1), { ...place, wanted: 12n })).toMatchObject({ next: 13n })
    expect(decodeBatches(both, { ...place, wanted: 12n }).next).toBe(15n)
  })

  it('has the time at which the broker took it, where the broker says so', () => {
    const batch = encode(['a', 'b'].map(record))
    batch.writeInt16BE(0x08, 21)
    batch.writeBigInt64BE(99n, 35)
    expect(decodeBatches(batch, place).records.map(({ timestamp }) => timestamp)).toEqual([99, 99])
  })

  it('is passed over with its transaction, and so are the markers', () => {
    const transactional = (base: bigint, producerId: bigint, text_: string, attributes = 0x10) => {
      const batch = at(encode([{ ...record(text_), key: attributes === 0x30 ? '\0\0\0\0' : 'k' }]), base)
      batch.writeInt16BE(attributes, 21)
      batch.writeBigInt64BE(producerId, 43)
      return batch
    }
    const bytes = Buffer.concat([
      transactional(0n, 1n, 'aborted'),
      transactional(1n, 2n, 'committed'),
      transactional(2n, 1n, 'marker', 0x30),
      transactional(3n, 1n, 'next transaction'),
    ])
    const aborted = [{ producerId: 1n, firstOffset: 0n }]
    const { records, next } = decodeBatches(bytes, { ...place, aborted })
    expect(records.map(({ value }) => String(value))).toEqual(['committed', 'next transaction'])
    expect(next).toBe(4n)
  })
})

describe('the partition of a key', () => {
  it("is that of Java's client and of both of ours", () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), fc.integer({ min: 1, max: 100 }), (key, partitions) => {
        const bytes = Buffer.from(key)
        expect(partitionOf(key, partitions)).toBe(compatibilityPartitioner({} as never, bytes) % partitions)
      }),
      { numRuns: 300 },
    )
  })
})
