import {
  type CapacityFigures,
  capacityOf,
  defaultParameters,
  microsPerMessage,
  partitionsCostOf,
} from '../../bench/capacity-model.ts'

const figures: CapacityFigures = {
  micros: { gateway: 400, ingest: 100, attribution: 40, keywords: 30, dispatch: 20, kafka: 50, redis: 10 },
  partitionsCost: [
    { partitions: 6, stages: 1, kafka: 1 },
    { partitions: 60, stages: 1.5, kafka: 2.5 },
  ],
  residentMegabytes: { gateway: 150, ingest: 200, attribution: 200, keywords: 200, dispatch: 200 },
}

describe('the capacity model', () => {
  it('interpolates what partitions cost, and goes no further than what was measured', () => {
    expect(partitionsCostOf(figures, 6)).toMatchObject({ stages: 1, kafka: 1 })
    expect(partitionsCostOf(figures, 33)).toMatchObject({ stages: 1.25, kafka: 1.75 })
    expect(partitionsCostOf(figures, 1_000)).toMatchObject({ stages: 1.5, kafka: 2.5 })
    expect(partitionsCostOf(figures, 3)).toMatchObject({ stages: 1, kafka: 1 })
  })

  it('adds up the CPU of a message on a machine that runs all but the gateway', () => {
    expect(microsPerMessage(figures, 6)).toBe(100 + 40 + 30 + 20 + 50 + 10)
    expect(microsPerMessage(figures, 60)).toBe(190 * 1.5 + 50 * 2.5 + 10)
  })

  it('has processes for the CPU at the wanted utilisation, never fewer than two, and partitions for all of them', () => {
    const small = capacityOf(100, figures, defaultParameters)
    expect(small.processes).toEqual({ gateway: 2, ingest: 2, attribution: 2, keywords: 2, dispatch: 2 })
    expect([small.partitions, small.brokers, small.redisNodes]).toEqual([6, 3, 1])
    const large = capacityOf(100_000, figures, { ...defaultParameters, utilisation: 0.5 })
    expect(large.processes).toMatchObject({ gateway: 80, ingest: 20, dispatch: 4 })
    expect(large.partitions).toBeGreaterThanOrEqual(large.processes.ingest)
    // 50 µs for each of three copies, half used, four cores each.
    expect(large.brokers).toBe(8)
  })

  it('keeps claims and conversations in Redis for as long as the parameters say', () => {
    const { redisGigabytes } = capacityOf(1_000, figures, { ...defaultParameters, claimHours: 1, conversationDays: 1 })
    expect(redisGigabytes).toBeCloseTo((1_000 * 3_600 * 25 + 100 * 86_400 * 153) / 1e9)
  })

  it('tells a cost where there are prices', () => {
    expect(capacityOf(100, figures, defaultParameters).cost).toBeNull()
    const { cost, cores } = capacityOf(100, figures, { ...defaultParameters, corePrice: 10 })
    expect(cost).toBe(cores * 10)
  })
})
