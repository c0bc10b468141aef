/** A few fixed seeds; `make simulation` runs fresh ones. A seed that has failed stays here, with what it found. */
import { type Mend, simulate } from '../../simulation/simulation.ts'

const aStopThatEndsWithTheWait = 157584119

describe('the pipeline, simulated with faults at every step', () => {
  it('loses nothing, doubles nothing and credits right, and takes the same course from the same seed', async () => {
    const result = await simulate(1)
    expect(result.problems).toEqual([])
    expect(await simulate(1)).toEqual(result)
  })

  it('credits a referral that is in the backlog when a stop ends with the wait', async () => {
    expect((await simulate(aStopThatEndsWithTheWait)).problems).toEqual([])
  })

  it.each<[Mend, number]>([
    ['checkpoints', 33760945],
    ['comparison', 777826846],
  ])('finds the fault when a mend is left out: %s', async (mend, seed) => {
    expect((await simulate(seed, new Set([mend]))).problems).not.toEqual([])
  })
})
