import { StateWriter } from '../../../../services/local/supervisor/state-writer.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

const full = () => {
  throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
}

const world = () => {
  const clock = new FakeClock()
  const lines: string[] = []
  let written = 0
  let disk: () => void = () => {}
  const writer = new StateWriter(
    () => {
      disk()
      written++
    },
    (line) => lines.push(line),
    clock,
  )
  return {
    clock,
    lines,
    writer,
    fill: () => {
      disk = full
    },
    free: () => {
      disk = () => {}
    },
    get written() {
      return written
    },
  }
}

describe('the state file on a full disk', () => {
  it('does not end the supervisor, and is written again by itself when there is room', async () => {
    const it = world()
    it.fill()
    expect(() => it.writer.write()).not.toThrow()
    await it.clock.advance(20_000)
    expect(it.written).toBe(0)
    it.free()
    await it.clock.advance(5_000)
    expect(it.written).toBe(1)
    expect(it.lines).toEqual([
      'the state file cannot be written (ENOSPC): free the disk; the stages keep running',
      'the state file is written again',
    ])
    await it.clock.advance(60_000)
    expect(it.written).toBe(1)
  })

  it('is not tried again after the end', async () => {
    const it = world()
    it.fill()
    it.writer.write()
    it.writer.stop()
    it.free()
    await it.clock.advance(60_000)
    expect(it.written).toBe(0)
  })

  it('hides no other error', () => {
    const writer = new StateWriter(
      () => {
        throw new TypeError('a bug')
      },
      () => {},
      new FakeClock(),
    )
    expect(() => writer.write()).toThrow('a bug')
  })
})
