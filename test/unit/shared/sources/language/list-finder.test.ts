import { finderIn } from '../../../../../services/shared/sources/interpreter/values/list-finder.ts'

const idOf = (item: unknown) => (item as { id?: unknown } | null)?.id

describe.each([3, 40])('in a list of %i, the finder', (length) => {
  const list = [
    { id: 'a', n: 1 },
    { id: 'a', n: 2 },
    null,
    ...Array.from({ length: length - 3 }, (_, n) => ({ id: n })),
  ]
  const find = finderIn(idOf)

  it('gives the first element with the key', () => {
    expect(find(list, 'a')).toEqual({ id: 'a', n: 1 })
    expect(find(list, length - 4)).toEqual(length === 3 ? undefined : { id: length - 4 })
  })

  it('gives nothing for a key that is not there, or is of another type', () => {
    expect([find(list, 'b'), find(list, '0'), find({ length }, 'a'), find(null, 'a')]).toEqual(Array(4).fill(undefined))
  })

  it('keeps lists apart', () => {
    find(list, 'a')
    expect(find(list.toReversed(), 'a')).toEqual({ id: 'a', n: 2 })
  })
})
