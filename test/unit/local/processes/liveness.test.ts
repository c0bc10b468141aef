import { Liveness } from '../../../../services/local/processes/liveness.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

const open = ({ alive }: { alive: boolean }) => {
  const clock = new FakeClock()
  const state = { alive, silences: [] as number[] }
  const liveness = new Liveness({
    answers: async () => state.alive,
    onSilent: (ms) => state.silences.push(ms),
    timeoutMs: 10_000,
    clock,
  })
  liveness.start()
  return { clock, state, liveness }
}

describe('liveness', () => {
  it('ignores a child that has not answered yet: it is starting', async () => {
    const { clock, state } = open({ alive: false })
    await clock.advance(60_000)
    expect(state.silences).toEqual([])
  })

  it('reports a child that answered and then did not for the time-out', async () => {
    const { clock, state } = open({ alive: true })
    await clock.advance(2_000)
    state.alive = false
    await clock.advance(9_999)
    expect(state.silences).toEqual([])
    await clock.advance(1)
    expect(state.silences).toEqual([10_000])
  })

  it('waits for three missed polls, however long the silence: the machine may have slept', async () => {
    const { clock, state } = open({ alive: true })
    await clock.advance(2_000)
    state.alive = false
    clock.set(3_600_000)
    await clock.advance(2_000)
    expect(state.silences).toEqual([])
    state.alive = true
    await clock.advance(60_000)
    expect(state.silences).toEqual([])
  })

  it('starts over with the next process', async () => {
    const { clock, state, liveness } = open({ alive: true })
    await clock.advance(2_000)
    state.alive = false
    liveness.reset()
    await clock.advance(60_000)
    expect(state.silences).toEqual([])
  })

  it('polls no more after a stop', async () => {
    const { clock, liveness } = open({ alive: true })
    liveness.stop()
    await clock.advance(60_000)
    expect(clock.pending).toBe(0)
  })
})
