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
  liveness.began()
  liveness.start()
  return { clock, state, liveness }
}

describe('liveness', () => {
  it('gives a child that has not answered yet longer: it is starting', async () => {
    const { clock, state } = open({ alive: false })
    await clock.advance(39_999)
    expect(state.silences).toEqual([])
    state.alive = true
    await clock.advance(60_000)
    expect(state.silences).toEqual([])
  })

  it('reports, once, a child that never answers: what it reads first may block it', async () => {
    const { clock, state } = open({ alive: false })
    await clock.advance(300_000)
    expect(state.silences).toEqual([40_000])
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
    await clock.advance(9_000)
    liveness.began()
    await clock.advance(30_000)
    expect(state.silences).toEqual([])
    state.alive = true
    await clock.advance(10_000)
    state.alive = false
    await clock.advance(10_000)
    expect(state.silences).toEqual([10_000])
  })

  it('polls no more after a stop', async () => {
    const { clock, liveness } = open({ alive: true })
    liveness.stop()
    await clock.advance(60_000)
    expect(clock.pending).toBe(0)
  })
})
