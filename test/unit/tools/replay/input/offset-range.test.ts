import { rangeOf } from '../../../../../services/tools/replay/input/offset-range.ts'
import { noon } from '../../../../support/builders.ts'

/** A partition holds a record a second from noon on. Retention removed the first `removed`; live traffic has committed `taken`. */
interface Partition {
  readonly removed: number
  readonly end: number
  readonly taken: number | null
}

const brokerOf = (partitions: readonly Partition[]) => ({
  offsets: async () =>
    partitions.map(({ removed, end, taken }, partition) => ({
      partition,
      low: BigInt(removed),
      high: BigInt(end),
      committed: taken === null ? null : BigInt(taken),
    })),
  offsetsAt: async (_topic: string, time: number) =>
    new Map(
      partitions.map(({ removed, end }, partition) => [
        partition,
        BigInt(Math.min(end, Math.max(removed, Math.ceil((time - noon) / 1000)))),
      ]),
    ),
  timestamps: async (_topic: string, places: readonly { partition: number; offset: bigint }[]) =>
    new Map(places.map(({ partition, offset }) => [partition, noon + Number(offset) * 1000])),
})

const whole: Partition = { removed: 0, end: 100, taken: 100 }
const at = (second: number) => noon + second * 1000
const asked = { entry: 'raw', from: null, to: null, offsets: null } as const
const numbersOf = ({ offsets }: Awaited<ReturnType<typeof rangeOf>>) =>
  offsets.map(({ from, to }) => [Number(from), Number(to)])

describe('a range', () => {
  it('by time begins at its first record, and does not include its end', async () => {
    const range = await rangeOf({ ...asked, from: at(10), to: at(20) }, brokerOf([whole, whole]))
    expect(numbersOf(range)).toEqual([
      [10, 20],
      [10, 20],
    ])
    expect(range).toMatchObject({ leftToLive: 0, keptSince: null })
  })

  it('by offsets is of all partitions or of one', async () => {
    const of = (partition: number | null) =>
      rangeOf({ ...asked, offsets: { partition, from: 90, to: 120 } }, brokerOf([whole, whole]))
    expect(numbersOf(await of(null))).toEqual([
      [90, 100],
      [90, 100],
    ])
    expect(numbersOf(await of(1))).toEqual([
      [90, 90],
      [90, 100],
    ])
  })

  it('leaves to live traffic what it has not processed yet', async () => {
    const partitions = [{ ...whole, taken: 15 }, { ...whole, taken: null }, whole]
    const range = await rangeOf({ ...asked, from: at(10), to: at(20) }, brokerOf(partitions))
    expect(numbersOf(range)).toEqual([
      [10, 15],
      [10, 10],
      [10, 20],
    ])
    expect(range.leftToLive).toBe(15)
  })

  it('tells since when all records are kept, where retention has removed some of them', async () => {
    const partitions = [{ ...whole, removed: 30 }, { ...whole, removed: 40 }, whole]
    const broker = brokerOf(partitions)
    expect((await rangeOf({ ...asked, from: at(10), to: at(90) }, broker)).keptSince).toBe(at(40))
    expect((await rangeOf({ ...asked, from: at(50), to: at(90) }, broker)).keptSince).toBeNull()
    const offsets = (partition: number, from: number) => ({ ...asked, offsets: { partition, from, to: 90 } })
    expect((await rangeOf(offsets(0, 29), broker)).keptSince).toBe(at(30))
    expect((await rangeOf(offsets(0, 30), broker)).keptSince).toBeNull()
    expect((await rangeOf(offsets(2, 0), broker)).keptSince).toBeNull()
  })
})
