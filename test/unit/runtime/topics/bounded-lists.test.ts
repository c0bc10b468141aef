import avro from 'avsc'
import { avroType } from '../../../../services/runtime/topics/avro-type.ts'

/** A number as Avro writes it. */
const long = (value: number): number[] => {
  const bytes: number[] = []
  let left = value < 0 ? -2 * value - 1 : 2 * value
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) | 128)
  return [...bytes, left]
}
const lists = avroType({
  type: 'record',
  name: 'Lists',
  fields: [
    { name: 'links', type: { type: 'array', items: 'string' } },
    { name: 'names', type: { type: 'map', values: 'string' } },
  ],
})
/** Reads what `lists` writes and wants none of it. */
const skipping = avroType({ type: 'record', name: 'Lists', fields: [] })
const whole = { links: ['a', 'bc'], names: { x: 'y', __proto__: 'z' } }

describe('a list in Avro', () => {
  it('is read and skipped as it was written', () => {
    const bytes = lists.toBuffer(whole)
    expect(lists.fromBuffer(bytes)).toEqual(whole)
    expect(skipping.fromBuffer(bytes, skipping.createResolver(lists))).toEqual({})
  })

  it('is read in blocks with and without their length', () => {
    const bytes = Buffer.from([...long(1), ...long(1), 97, ...long(-1), ...long(2), ...long(1), 98, 0, 0])
    expect(lists.fromBuffer(bytes)).toEqual({ links: ['a', 'b'], names: {} })
    expect(skipping.fromBuffer(bytes, skipping.createResolver(lists))).toEqual({})
  })

  it('is read from a file of many blocks', async () => {
    const encoder = new avro.streams.BlockEncoder(lists, { blockSize: 64 })
    const decoder = encoder.pipe(new avro.streams.BlockDecoder())
    for (let n = 0; n < 100; n++) encoder.write(whole)
    encoder.end()
    expect(await decoder.toArray()).toHaveLength(100)
  })

  it.each([
    ['claims more items than it has bytes', long(2 ** 40)],
    ['claims them in a block with a length', [...long(-(2 ** 40)), ...long(3)]],
    ['leads back by a length of an item', [...long(1), ...long(-2), 0]],
    ['is a map that claims more', [0, ...long(2 ** 40)]],
    ['is a map that leads back', [0, ...long(1), ...long(-2), 0]],
  ])('that %s is refused at once', (_what, bytes) => {
    expect(() => lists.fromBuffer(Buffer.from(bytes))).toThrow()
    expect(() => skipping.fromBuffer(Buffer.from(bytes), skipping.createResolver(lists))).toThrow()
  })

  it('is not skipped backwards by the length of a block', () => {
    const bytes = Buffer.from([...long(-1), ...long(-2), 0, 0])
    expect(() => skipping.fromBuffer(bytes, skipping.createResolver(lists))).toThrow('a length below zero')
  })
})
