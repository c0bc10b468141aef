/** A few simulations from fixed seeds; `make simulation` runs fresh ones. */
import { type SimulationOptions, simulate } from '../../simulation/simulation.ts'

describe('the pipeline, simulated with faults at every step', () => {
  it('loses nothing, doubles nothing and credits right, and takes the same course from the same seed', async () => {
    const result = await simulate(1)
    expect(result.problems).toEqual([])
    expect(await simulate(1)).toEqual(result)
  })

  it.each<[string, SimulationOptions]>([
    ['writes that Redis loses', { only: ['redisLosesWrites'] }],
    ['an instance that is stopped right before it saves', { only: ['stopAttribution'] }],
    ['referrals over a second way in', { hasTwoWays: true }],
    ['answers that TikTok loses, while a person has the waiting signals tried again', { hasRetries: true }],
  ])('bears %s', async (_what, options) => {
    expect((await simulate(2, options)).problems).toEqual([])
  })

  /** Of ten seeds, so that a change of the stages, which changes the course of each, leaves one that finds the fault. */
  it.each<[string, SimulationOptions]>([
    ['checkpoints', { without: new Set(['checkpoints']), only: ['redisLosesWrites'] }],
    // With checkpoints, the process that has overwritten a state notices it and repairs it.
    ['comparison', { without: new Set(['comparison', 'checkpoints']), only: ['stopAttribution'] }],
    // Referrals over a second way in.
    ['ingest', { without: new Set(['ingest']), hasTwoWays: true }],
  ])('shows the fault when a mend is left out: %s', async (_mend, options) => {
    let isFound = false
    for (let seed = 1; seed <= 10 && !isFound; seed++) isFound = (await simulate(seed, options)).problems.length > 0
    expect(isFound).toBe(true)
  })

  /**
   * A message waits behind one whose record is gone when Redis comes back with an older state, which checkpoints prevent. Both mends are
   * left out, so that one does not hide the other.
   */
  it.each([
    [true, new Set(['checkpoints', 'lost'] as const)],
    [false, new Set(['checkpoints'] as const)],
  ])('lets a message wait for ever: %s', async (isExpected, without) => {
    let isFound = false
    for (let seed = 1; seed <= 4 && !isFound; seed++) {
      const { problems } = await simulate(seed, { without, only: ['redisLosesWrites'] })
      isFound = problems.some((problem) => problem.includes('wait for ever'))
    }
    expect(isFound).toBe(isExpected)
  })
})
