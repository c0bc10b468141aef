import { setImmediate as turn } from 'node:timers/promises'
import { failOwner, Task } from '../../../../services/local/compact/task.ts'
import type { Host } from '../../../../services/runtime/process/host.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

/** A task whose service does what a test says. */
const open = (start: (host: Host) => void = () => {}) => {
  const clock = new FakeClock()
  const hosts: Host[] = []
  const lines: string[] = []
  const task = new Task({
    name: 'ingest',
    env: { METRICS_PORT: '1' },
    start: (host) => {
      hosts.push(host)
      start(host)
    },
    clock,
    report: (line) => lines.push(line),
    exit: (code) => {
      throw new Error(`the process ends with ${code}`)
    },
  })
  task.start()
  return { clock, hosts, lines, task }
}

describe('a service of a shared process', () => {
  it('has the environment of a process of its own', () => {
    expect(open().hosts[0]?.env).toEqual({ METRICS_PORT: '1' })
  })

  it('starts again when it ends: at once, then after ever longer pauses', async () => {
    const { clock, hosts, lines } = open()
    hosts[0]?.ended(1)
    await clock.advance(0)
    expect(hosts).toHaveLength(2)
    hosts[1]?.ended(75)
    await clock.advance(499)
    expect(hosts).toHaveLength(2)
    await clock.advance(1)
    expect(hosts).toHaveLength(3)
    expect(lines).toEqual([
      'ingest ended (code 1), starting it again',
      'ingest ended (code 75), starting it again in 0.5 s',
    ])
  })

  it('stops when it is asked to, and does not start again', async () => {
    const whys: string[] = []
    const { clock, hosts, task } = open((host) => host.onStop((why) => whys.push(why)))
    const stopped = task.stop()
    expect(whys).toEqual(['the process of all services stops'])
    hosts[0]?.ended(0)
    await stopped
    await clock.advance(60_000)
    expect(hosts).toHaveLength(1)
  })

  it('stops between an end and the next start', async () => {
    const { clock, hosts, task } = open()
    hosts[0]?.ended(1)
    await clock.advance(0)
    hosts[1]?.ended(1)
    await task.stop()
    await clock.advance(60_000)
    expect(hosts).toHaveLength(2)
  })

  it('ends the process when it hangs', () => {
    expect(() => open().hosts[0]?.exit(70)).toThrow('the process ends with 70')
  })
})

describe('an error that nothing caught', () => {
  const error = new Error('nobody caught it')

  it.each<[string, () => void]>([
    ['a timer', () => void setTimeout(() => failOwner(error), 1)],
    ['a promise', () => void turn().then(() => failOwner(error))],
    ['a microtask', () => queueMicrotask(() => failOwner(error))],
  ])('of %s belongs to the service that began it', async (_, begin) => {
    const failed: string[] = []
    const service = (name: string, work: () => void) =>
      open((host) => {
        host.onError((found) => failed.push(`${name}: ${(found as Error).message}`))
        work()
      })
    service('one', () => {})
    service('two', begin)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(failed).toEqual(['two: nobody caught it'])
  })

  it('of a service that has ended is none of its next start', async () => {
    const failed: string[] = []
    let starts = 0
    const { clock, hosts } = open((host) => {
      const name = `start ${++starts}`
      host.onError(() => failed.push(name))
      if (starts === 1) setTimeout(() => failOwner(error), 5)
    })
    hosts[0]?.ended(1)
    await clock.advance(0)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([starts, failed]).toEqual([2, ['start 1']])
  })

  it('outside of every service belongs to none', () => {
    expect(failOwner(error)).toBe(false)
  })
})
