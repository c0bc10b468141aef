import { hostname } from 'node:os'
import { readHeartbeats } from '../../../../services/runtime/health/heartbeats.ts'
import { DependencyError, type RedisCommands } from '../../../../services/runtime/ports.ts'
import { startHeartbeat } from '../../../../services/runtime/process/heartbeat.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryRedis } from '../../../support/memory-redis.ts'

const openProcess = (redis: Pick<RedisCommands, 'evalMany'>) => {
  const clock = new FakeClock(1_000)
  const logged: string[] = []
  const note = (_: unknown, message?: string) => void logged.push(message ?? String(_))
  const log = { info: note, warn: note, debug: note } as never
  const state = { partitions: {} as Record<string, number[]> }
  const stop = startHeartbeat({
    ...{ name: 'ingest', redis, clock, log, partitions: () => state.partitions },
    listener: { given: undefined, bind: '127.0.0.1', port: 9_100 },
  })
  return { clock, logged, state, stop }
}

describe('a process', () => {
  it('announces itself at once and every 5 s, with the partitions that it has then', async () => {
    const redis = new MemoryRedis()
    const { clock, state, stop } = openProcess(redis)
    await clock.advance(0)
    const address = 'http://127.0.0.1:9100/metrics'
    const own = { stage: 'ingest', host: hostname(), pid: process.pid, since: 1_000, address, partitions: {} }
    const [first] = await readHeartbeats(redis)
    expect(first).toMatchObject({ ...own, version: expect.stringMatching(/^\d+\.\d+\.\d+$/) })
    state.partitions = { 'channel-events.v1': [2] }
    redis.now = 5_000
    await clock.advance(5_000)
    expect(await readHeartbeats(redis)).toMatchObject([{ partitions: { 'channel-events.v1': [2] }, silentMs: 0 }])
    await stop()
  })

  it('takes its heartbeat back at an orderly end, and leaves it at a failed one', async () => {
    for (const failed of [false, true]) {
      const redis = new MemoryRedis()
      const { clock, stop } = openProcess(redis)
      await clock.advance(0)
      await stop(failed)
      await clock.advance(60_000)
      expect(await readHeartbeats(redis)).toHaveLength(failed ? 1 : 0)
    }
  })

  it('says once that it cannot, and once that it can again', async () => {
    const redis = new MemoryRedis()
    redis.problem = new DependencyError('redis', 'Redis refuses the command')
    const { clock, logged, stop } = openProcess(redis)
    await clock.advance(20_000)
    expect(logged).toEqual(['cannot announce itself in Redis: others may not know of it'])
    redis.problem = null
    await clock.advance(20_000)
    expect(logged.slice(1)).toEqual(['announces itself in Redis again'])
    await stop()
  })

  it('ends within a second while Redis hangs', async () => {
    const { clock, stop } = openProcess({ evalMany: () => new Promise(() => {}) })
    await clock.advance(10_000)
    let hasStopped = false
    const stopped = stop().then(() => {
      hasStopped = true
    })
    await clock.advance(999)
    expect(hasStopped).toBe(false)
    await clock.advance(1)
    await stopped
  })
})
