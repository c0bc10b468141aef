import { EventEmitter } from 'node:events'
import { Task } from '../../../../services/local/compact/task.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

class FakeThread extends EventEmitter {
  readonly messages: string[] = []
  postMessage(message: string) {
    this.messages.push(message)
  }
  terminate() {
    this.emit('exit', 1)
    return Promise.resolve(1)
  }
}

const open = (liveness = { answers: async () => true }) => {
  const clock = new FakeClock()
  const threads: FakeThread[] = []
  const lines: string[] = []
  const task = new Task({
    name: 'ingest',
    open: () => {
      const thread = new FakeThread()
      threads.push(thread)
      return thread
    },
    clock,
    report: (line) => lines.push(line),
    liveness: { ...liveness, timeoutMs: 10_000 },
    stopTimeoutMs: 20_000,
  })
  task.start()
  return { clock, threads, lines, task }
}

describe('a service as a thread', () => {
  it('starts again when it ends: at once, then after ever longer pauses', async () => {
    const { clock, threads, lines } = open()
    threads[0]?.emit('exit', 70)
    await clock.advance(0)
    expect(threads).toHaveLength(2)
    threads[1]?.emit('exit', 70)
    await clock.advance(499)
    expect(threads).toHaveLength(2)
    await clock.advance(1)
    expect(threads).toHaveLength(3)
    expect(lines).toEqual([
      'ingest ended (code 70), starting it again',
      'ingest ended (code 70), starting it again in 0.5 s',
    ])
  })

  it('names why its thread failed', async () => {
    const { threads, lines } = open()
    threads[0]?.emit('error', Object.assign(new Error('heap'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }))
    threads[0]?.emit('exit', 1)
    expect(lines).toEqual(['ingest ended (ERR_WORKER_OUT_OF_MEMORY), starting it again'])
  })

  it('starts again when it answered and then hangs', async () => {
    let isAlive = true
    const { clock, threads, lines } = open({ answers: async () => isAlive })
    await clock.advance(2_000)
    isAlive = false
    await clock.advance(12_000)
    expect(threads).toHaveLength(2)
    expect(lines[0]).toMatch(/^ingest has not answered for 1\d s and is ended$/)
  })

  it('stops when it is asked to, and does not start again', async () => {
    const { clock, threads, task } = open()
    const stopped = task.stop()
    expect(threads[0]?.messages).toEqual(['stop'])
    threads[0]?.emit('exit', 0)
    await stopped
    await clock.advance(60_000)
    expect(threads).toHaveLength(1)
  })

  it('is ended when it does not stop in time', async () => {
    const { clock, lines, task } = open()
    const stopped = task.stop()
    await clock.advance(20_000)
    await stopped
    expect(lines).toEqual(['ingest did not end in time and is ended'])
  })
})
