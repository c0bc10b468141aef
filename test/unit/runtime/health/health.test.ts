import { Health } from '../../../../services/runtime/health/health.ts'

const world = () => {
  const clock = { at: 1_000_000, now: () => clock.at }
  const health = new Health(clock)
  health.connection('up')
  health.to('running')
  return { clock, health }
}

describe('health', () => {
  it('is the age of the oldest record, in progress or still in Kafka', () => {
    const { clock, health } = world()
    health.begin('t/0', clock.at - 3_000)
    expect(health.report().oldestUnprocessedSeconds).toBe(3)
    health.unfetched(new Map([['t/1', { offset: 5n, dueAt: clock.at - 9_000 }]]))
    expect(health.report().oldestUnprocessedSeconds).toBe(9)
  })

  it('leaves out what was processed since the last poll', () => {
    const { clock, health } = world()
    health.unfetched(new Map([['t/1', { offset: 5n, dueAt: clock.at - 9_000 }]]))
    health.processed('t/1', 6n)
    expect(health.report().oldestUnprocessedSeconds).toBe(0)
  })

  it('leaves out what is not due', () => {
    const { clock, health } = world()
    health.unfetched(new Map([['t/1', { offset: 5n, dueAt: clock.at + 9_000 }]]))
    expect(health.report()).toMatchObject({ oldestUnprocessedSeconds: 0, healthy: true })
  })

  it('is unhealthy when a record has waited for two minutes, but ready: a restart would not help', () => {
    const { clock, health } = world()
    health.unfetched(new Map([['t/0', { offset: 1n, dueAt: clock.at - 119_000 }]]))
    expect(health.report().healthy).toBe(true)
    clock.at += 2_000
    expect(health.report()).toMatchObject({ healthy: false, ready: true })
  })

  it('is down when one of several consumers is', () => {
    const { clock, health } = world()
    health.connection('up', 'a')
    health.connection('down', 'b')
    expect(health.report()).toMatchObject({ consumer: 'down', ready: false, healthy: true })
    clock.at += 121_000
    expect(health.report().healthy).toBe(false)
    health.connection('up', 'b')
    expect(health.report()).toMatchObject({ consumer: 'up', healthy: true })
  })

  it('reports that it waits for Kafka also when idle, and is unhealthy when that lasts', () => {
    const { clock, health } = world()
    expect(health.kafka(true)).toBe(false)
    expect(health.kafka(false)).toBe(true)
    expect(health.kafka(false)).toBe(false)
    expect(health.report()).toMatchObject({ state: 'waiting', reason: 'kafka', healthy: true, ready: true })
    clock.at += 121_000
    expect(health.report()).toMatchObject({ healthy: false, ready: true })
    expect(health.kafka(true)).toBe(true)
    expect(health.report()).toMatchObject({ state: 'running', reason: null, healthy: true })
  })

  it('stops waiting for a dependency when it has no batch', () => {
    const { clock, health } = world()
    for (const topicPartition of ['t/0', 't/1']) health.begin(topicPartition, clock.at)
    health.to('waiting', 'redis')
    health.end('t/0')
    expect(health.report()).toMatchObject({ state: 'waiting', reason: 'redis' })
    health.end('t/1')
    expect(health.report()).toMatchObject({ state: 'running', reason: null })
  })

  it('stays halted until it stops', () => {
    const { health } = world()
    health.to('halted', 'dead-letter limit')
    health.to('running')
    expect(health.report()).toMatchObject({
      state: 'halted',
      reason: 'dead-letter limit',
      healthy: false,
      ready: false,
    })
    health.to('stopping')
    expect(health.report().state).toBe('stopping')
    // Draining a batch does not change that.
    health.to('running')
    expect(health.report().state).toBe('stopping')
  })
})
