import { AimdRate, toleratedLag } from '../../../../../services/tools/replay/send/aimd-rate.ts'
import { Backpressure } from '../../../../../services/tools/replay/send/backpressure.ts'
import { LiveLag } from '../../../../../services/tools/replay/send/live-lag.ts'

describe('the rate of a replay', () => {
  const ratesAt = (lags: readonly number[], baseline = 0) => {
    const rate = new AimdRate({ max: 100, baseline })
    return lags.map((lag) => {
      rate.adjust(lag)
      return Math.round(rate.perSecond)
    })
  }

  it('rises to the maximum while live traffic keeps up', () => {
    expect(ratesAt([0, 0, 0.2, 0, 0, 0, 0, 0, 0])).toEqual([25, 31, 39, 49, 61, 76, 95, 100, 100])
  })

  it('halves when live traffic falls behind, is zero far above the tolerance, and recovers fast to half the rate', () => {
    expect(ratesAt([0.3, 0.3, 0, 0])).toEqual([10, 5, 6, 8])
    expect(ratesAt([0, 0, 0, 1.1, 1.1, 0, 0, 0, 0, 0, 0])).toEqual([25, 31, 39, 0, 0, 1, 2, 4, 8, 16, 32])
  })

  it('tolerates a tenth more lag than before the run, and always a quarter of a second', () => {
    expect(toleratedLag(0)).toBe(0.25)
    expect(toleratedLag(60)).toBeCloseTo(66)
    expect(ratesAt([65, 67], 60)).toEqual([25, 13])
  })

  it('grants by elapsed time, at most a second at once, and takes refunds', () => {
    const rate = new AimdRate({ max: 100, baseline: 0 })
    expect([rate.grant(100), rate.grant(100), rate.grant(60_000)]).toEqual([2, 2, 20])
    rate.refund(15)
    expect(rate.grant(50)).toBe(16)
  })
})

describe('live lag', () => {
  /** A broker whose third group has one record left, from `nextAt` (ms); null: no record. */
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
    expect(await lagOf(() => 1_000).poll(() => 1_250)).toBe(0.25)
    expect(await lagOf(() => null).poll(() => 1_250)).toBe(0)
  })

  it('before a run is the maximum of ten samples: one between two batches is zero', async () => {
    let now = 10_000
    const sleep = async (ms: number) => {
      now += ms
    }
    const clock = { now: () => now, sleep }
    expect(await lagOf(() => (now === 10_300 ? 10_100 : null)).baseline(clock)).toBe(0.2)
  })
})

describe('a run that decides', () => {
  /** How long each of three batches, a second apart, has to pause, ms. */
  const pauses = async (lags: readonly number[]) => {
    let now = 0
    const left = [...lags]
    const sleep = async (ms: number) => {
      now += ms
    }
    const clock = { now: () => now, sleep }
    const poll = async () => (left.length > 1 ? (left.shift() as number) : (left[0] as number))
    const lag = { poll, baseline: poll }
    const backpressure = await Backpressure.open(lag, clock, new AbortController().signal)
    const paused: number[] = []
    for (let batch = 0; batch < 3; batch++) {
      now += 1_000
      const before = now
      await backpressure.waitForLive()
      paused.push(now - before)
    }
    return paused
  }

  it('goes on at once while live traffic keeps up', async () => {
    expect(await pauses([0, 0.2, 0, 0.2])).toEqual([0, 0, 0])
  })

  it('pauses while live traffic is behind, at most 5 s a batch', async () => {
    expect(await pauses([0, 2, 2, 0])).toEqual([1_000, 0, 0])
    expect(await pauses([0, 9])).toEqual([5_000, 5_000, 5_000])
  })
})
