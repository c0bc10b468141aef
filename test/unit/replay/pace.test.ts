import { GiveWay } from '../../../services/replay/give-way.ts'
import { LagOfStage } from '../../../services/replay/live-lag.ts'
import { Pace, toleratedLag } from '../../../services/replay/pace.ts'

describe('the pace of a replay', () => {
  const paced = (lags: readonly number[], baseline = 0) => {
    const pace = new Pace({ most: 100, baseline })
    return lags.map((lag) => {
      pace.adjust(lag)
      return Math.round(pace.rate)
    })
  }

  it('rises to the most while live traffic does not feel it', () => {
    expect(paced([0, 0, 1, 0, 0, 0, 0, 0, 0])).toEqual([25, 31, 39, 49, 61, 76, 95, 100, 100])
  })

  it('halves when live traffic falls behind, stops when it suffers, and begins again small', () => {
    expect(paced([2, 2, 7, 7, 0, 0])).toEqual([10, 5, 0, 0, 1, 1])
  })

  it('takes a tenth more than before for what it may cost, and a second and a half for nothing', () => {
    expect(toleratedLag(0)).toBe(1.5)
    expect(toleratedLag(60)).toBeCloseTo(66)
    expect(paced([65, 67], 60)).toEqual([25, 13])
  })

  it('grants by the clock, never more than a second at once, and takes back what did not go', () => {
    const pace = new Pace({ most: 100, baseline: 0 })
    expect([pace.take(100), pace.take(100), pace.take(60_000)]).toEqual([2, 2, 20])
    pace.giveBack(15)
    expect(pace.take(50)).toBe(16)
  })
})

describe('live lag', () => {
  const offsets = (high: bigint, committed: bigint | null) => [{ partition: 0, low: 0n, high, committed }]

  it('is the age of the next record, by when its partition was seen to end before it', () => {
    const lag = new LagOfStage()
    expect(lag.look(offsets(10n, 10n), 1_000)).toBe(0)
    expect(lag.look(offsets(20n, 10n), 2_000)).toBe(0)
    expect(lag.look(offsets(30n, 10n), 3_000)).toBe(1)
    expect(lag.look(offsets(40n, 20n), 4_000)).toBe(1)
    expect(lag.look(offsets(40n, 40n), 5_000)).toBe(0)
  })

  it('takes the age of what came before the first look from whoever has read it', () => {
    const lag = new LagOfStage()
    expect(lag.look(offsets(10n, null), 61_000, new Map([[0, 1_000]]))).toBe(60)
  })
})

describe('a run that decides', () => {
  /** How long each of three batches, a second apart, is held up. */
  const heldUp = async (lags: readonly number[]) => {
    let now = 0
    const left = [...lags]
    const sleep = async (ms: number) => {
      now += ms
    }
    const clock = { now: () => now, sleep }
    const lag = { look: async () => (left.length > 1 ? (left.shift() as number) : (left[0] as number)) }
    const way = await GiveWay.open(lag, clock, new AbortController().signal)
    const held: number[] = []
    for (let batch = 0; batch < 3; batch++) {
      now += 1_000
      const before = now
      await way.rest()
      held.push(now - before)
    }
    return held
  }

  it('goes on at once while live traffic does not feel it', async () => {
    expect(await heldUp([0, 1, 0, 1])).toEqual([0, 0, 0])
  })

  it('rests while live traffic is behind, and not for ever', async () => {
    expect(await heldUp([0, 2, 2, 0])).toEqual([1_000, 0, 0])
    expect(await heldUp([0, 9])).toEqual([5_000, 5_000, 5_000])
  })
})
