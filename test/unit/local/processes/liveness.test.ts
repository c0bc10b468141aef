import { Liveness } from '../../../../services/local/processes/liveness.ts'

const world = () => {
  const state = { now: 0, alive: false, silences: [] as number[] }
  const liveness = new Liveness({
    answers: async () => state.alive,
    onSilent: (ms) => state.silences.push(ms),
    patienceMs: 10_000,
    now: () => state.now,
  })
  const looks = async (...after: number[]) => {
    for (const seconds of after) {
      state.now += seconds * 1000
      await liveness.look()
    }
  }
  return { state, liveness, looks }
}

describe('liveness', () => {
  it('leaves a child alone that has not answered yet: it is starting', async () => {
    const { state, looks } = world()
    await looks(10, 10, 10, 10)
    expect(state.silences).toEqual([])
  })

  it('condemns one that answered and has not for too long', async () => {
    const { state, looks } = world()
    state.alive = true
    await looks(0)
    state.alive = false
    await looks(4, 4)
    expect(state.silences).toEqual([])
    await looks(4)
    expect(state.silences).toEqual([12_000])
  })

  it('gives several chances, however late the first comes: the machine may have slept', async () => {
    const { state, looks } = world()
    state.alive = true
    await looks(0)
    state.alive = false
    await looks(3_600)
    state.alive = true
    await looks(2)
    expect(state.silences).toEqual([])
  })

  it('begins anew with the next process', async () => {
    const { state, liveness, looks } = world()
    state.alive = true
    await looks(0)
    state.alive = false
    liveness.reset()
    await looks(4, 4, 4, 4)
    expect(state.silences).toEqual([])
  })
})
