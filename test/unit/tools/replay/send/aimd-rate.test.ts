import { AimdRate, toleratedLag } from '../../../../../services/tools/replay/send/aimd-rate.ts'
import { Backpressure } from '../../../../../services/tools/replay/send/backpressure.ts'
import { LiveLag } from '../../../../../services/tools/replay/send/live-lag.ts'

describe('the pace of a replay', () => {
  const paced = (lags: readonly number[], baseline = 0) => {
    const pace = new AimdRate({ most: 100, baseline })
    return lags.map((lag) => {
      pace.adjust(lag)
      return Math.round(pace.rate)
    })
  }

  it('rises to the most while live traffic does not feel it', () => {
    expect(paced([0, 0, 0.2, 0, 0, 0, 0, 0, 0])).toEqual([25, 31, 39, 49, 61, 76, 95, 100, 100])
  })

  it('halves when live traffic falls behind, stops when it suffers, and is soon back where that felt nothing', () => {
    expect(paced([0.3, 0.3, 0, 0])).toEqual([10, 5, 6, 8])
    expect(paced([0, 0, 0, 1.1, 1.1, 0, 0, 0, 0, 0, 0])).toEqual([25, 31, 39, 0, 0, 1, 2, 4, 8, 16, 32])
  })

  it('takes a tenth more than before for what it may cost, and a quarter of a second for nothing', () => {
    expect(toleratedLag(0)).toBe(0.25)
    expect(toleratedLag(60)).toBeCloseTo(66)
    expect(paced([65, 67], 60)).toEqual([25, 13])
  })

  it('grants by the clock, never more than a second at once, and takes back what did not go', () => {
    const pace = new AimdRate({ most: 100, baseline: 0 })
    expect([pace.take(100), pace.take(100), pace.take(60_000)]).toEqual([2, 2, 20])
    pace.giveBack(15)
    expect(pace.take(50)).toBe(16)
  })
})

describe('live lag', () => {
  /** A broker at which one stage's next record came at `nextAt`, ms; null: nothing is left. */
  const lagOf = (nextAt: () => number | null) =>
    new LiveLag({
      progress: async (groups) =>
        groups.map((_, stage) => [
          { partition: 0, low: 0n, high: stage === 2 && nextAt() !== null ? 8n : 7n, committed: 7n },
        ]),
      timestamps: async (_topic, places) =>
        new Map(places.map(({ partition }) => [partition, nextAt() as number] as const)),
    })

  it('is the age of the oldest record that a stage has yet to process', async () => {
    expect(await lagOf(() => 1_000).look(() => 1_250)).toBe(0.25)
    expect(await lagOf(() => null).look(() => 1_250)).toBe(0)
  })

  it('is usually the most of some looks: a look between two batches finds nothing', async () => {
    let now = 10_000
    const sleep = async (ms: number) => {
      now += ms
    }
    const clock = { now: () => now, sleep }
    expect(await lagOf(() => (now === 10_300 ? 10_100 : null)).usual(clock)).toBe(0.2)
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
    const look = async () => (left.length > 1 ? (left.shift() as number) : (left[0] as number))
    const lag = { look, usual: look }
    const way = await Backpressure.open(lag, clock, new AbortController().signal)
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
    expect(await heldUp([0, 0.2, 0, 0.2])).toEqual([0, 0, 0])
  })

  it('rests while live traffic is behind, and not for ever', async () => {
    expect(await heldUp([0, 2, 2, 0])).toEqual([1_000, 0, 0])
    expect(await heldUp([0, 9])).toEqual([5_000, 5_000, 5_000])
  })
})
