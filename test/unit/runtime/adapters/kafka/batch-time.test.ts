import { gzipSync } from 'node:zlib'
import { recordTimeOf } from '../../../../../services/runtime/adapters/kafka/platformatic/wire/batch-time.ts'

const zigzag = (value: number) => {
  const bytes: number[] = []
  let rest = value >= 0 ? value * 2 : value * -2 - 1
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return Buffer.from([...bytes, rest])
}

interface Shape {
  readonly base: number
  readonly last: number
  /** Offset and time of each remaining record. */
  readonly records: readonly (readonly [offset: number, time: number])[]
  readonly attributes?: number
}

/** A record batch as the broker sends it. */
const batch = ({ base, last, records, attributes = 0 }: Shape): Buffer => {
  const [first] = records
  const baseTime = first?.[1] ?? 0
  const plain = Buffer.concat(
    records.map(([offset, time]) => {
      // attributes, time, offset, no key, value of one byte, no headers
      const body = Buffer.concat([
        Buffer.from([0]),
        ...[zigzag(time - baseTime), zigzag(offset - base), zigzag(-1), zigzag(1), Buffer.from('x'), zigzag(0)],
      ])
      return Buffer.concat([zigzag(body.length), body])
    }),
  )
  const packed = (attributes & 7) === 1 ? gzipSync(plain) : plain
  const head = Buffer.alloc(61)
  head.writeBigInt64BE(BigInt(base), 0)
  head.writeInt32BE(49 + packed.length, 8)
  head.writeInt8(2, 16)
  head.writeInt16BE(attributes, 21)
  head.writeInt32BE(last - base, 23)
  head.writeBigInt64BE(BigInt(baseTime), 27)
  head.writeBigInt64BE(BigInt(Math.max(0, ...records.map(([, time]) => time))), 35)
  head.writeInt32BE(records.length, 57)
  return Buffer.concat([head, packed])
}

const stamped = 0x08
const gzip = 0x01
const zstd = 0x04
const control = 0x20
const three: Shape = {
  base: 10,
  last: 12,
  records: [
    [10, 500],
    [11, 90_000],
    [12, 700],
  ],
}

describe('the time of the record at an offset', () => {
  it.each([
    [10n, 500],
    [11n, 90_000],
    [12n, 700],
  ])('%s is read from its record', (offset, at) => {
    expect(recordTimeOf(batch(three), offset)).toEqual({ kind: 'time', at })
    expect(recordTimeOf(batch({ ...three, attributes: gzip }), offset)).toEqual({ kind: 'time', at })
  })

  it("is the broker's time for a batch with LogAppendTime", () => {
    expect(recordTimeOf(batch({ ...three, attributes: stamped }), 12n)).toEqual({ kind: 'time', at: 90_000 })
    expect(recordTimeOf(batch({ ...three, attributes: stamped | zstd }), 10n)).toEqual({ kind: 'time', at: 90_000 })
  })

  it('is that of the next record when compaction has removed the requested one', () => {
    expect(
      recordTimeOf(
        batch({
          base: 10,
          last: 19,
          records: [
            [10, 1],
            [17, 77],
          ],
        }),
        12n,
      ),
    ).toEqual({ kind: 'time', at: 77 })
  })

  it('comes after batches that are empty or contain control records only', () => {
    const emptied = batch({ base: 10, last: 14, records: [] })
    const marker = batch({ base: 15, last: 15, records: [[15, 3]], attributes: control })
    const tail = batch({ base: 16, last: 20, records: [[16, 4]] })
    expect(recordTimeOf(emptied, 12n)).toEqual({ kind: 'next', offset: 15n })
    expect(recordTimeOf(Buffer.concat([emptied, marker, tail]), 12n)).toEqual({ kind: 'time', at: 4 })
    expect(recordTimeOf(tail, 17n)).toEqual({ kind: 'next', offset: 21n })
  })

  it('ignores a batch before the offset and one that is cut off', () => {
    const before = batch({ base: 0, last: 9, records: [[0, 1]] })
    expect(recordTimeOf(Buffer.concat([before, batch(three)]), 10n)).toEqual({ kind: 'time', at: 500 })
    expect(recordTimeOf(batch(three).subarray(0, 40), 10n)).toEqual({ kind: 'next', offset: 10n })
  })
})
