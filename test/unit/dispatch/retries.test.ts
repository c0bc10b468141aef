import { BreakerRegistry } from '../../../services/dispatch/circuit-breaker/registry.ts'
import { Retries } from '../../../services/dispatch/retries.ts'
import { Releases } from '../../../services/runtime/batch/releases.ts'
import { DependencyError } from '../../../services/runtime/ports.ts'
import { noon } from '../../support/builders.ts'
import { MemoryBreakerStore } from '../../support/memory-breaker-store.ts'

const later = (delay: string) => `signals.dispatch.later-${delay}.v1`
const settled = () => new Promise((resolve) => setImmediate(resolve))
const partitions = 6
const at = 3

const open = () => {
  const releases = new Releases()
  const store = new MemoryBreakerStore()
  const breakers = new BreakerRegistry(store, { scale: 1, probeMs: 3_000 })
  let isAway = false
  let reads = 0
  const tools = {
    broker: {
      partitionOf: () => at,
      offsets: async () => {
        reads++
        if (isAway) throw new DependencyError('kafka', 'away')
        return Array.from({ length: partitions }, (_, partition) => ({ partition, low: 0n, high: 9n, committed: 0n }))
      },
    },
    ...{ breakers, releases },
    clock: { now: () => noon },
    untilUp: async <T>(work: () => Promise<T>): Promise<T> => {
      try {
        return await work()
      } catch {
        isAway = false
        return work()
      }
    },
  }
  return {
    ...{ releases, breakers, store, tools },
    reads: () => reads,
    away: () => {
      isAway = true
    },
  }
}
const request = (retriedAt: number | null, connectionId = 'acme') => ({ connectionId, retriedAt })

describe('a request to try waiting signals again', () => {
  it('makes those of the partition due that waited by then, but none that waits 10 s', async () => {
    const { releases, tools } = open()
    const retries = new Retries()
    await retries.start(tools)
    retries.apply(request(noon - 5))
    await settled()
    for (const delay of ['1m', '5m', '30m', '2h']) expect(releases.until(later(delay), at)).toBe(noon - 5)
    expect(releases.until(later('10s'), at)).toBe(Number.NEGATIVE_INFINITY)
    expect(releases.until(later('30m'), at + 1)).toBe(Number.NEGATIVE_INFINITY)
  })

  it('ends the cooldown of the breaker before it makes them due', async () => {
    const { breakers, store, releases, tools } = open()
    for (let n = 0; n < 6; n++) breakers.failed('acme', { throttled: false, cause: 'service' }, noon - 1_000)
    const retries = new Retries()
    await retries.start({
      ...tools,
      releases: {
        release: (topic, partition, until) => {
          expect(store.notes.get('acme')?.waitingFrom).toBe(noon)
          releases.release(topic, partition, until)
        },
      },
    })
    retries.apply(request(noon))
    await settled()
    expect(releases.until(later('30m'), at)).toBe(noon)
    await breakers.refresh(['acme'])
    expect((await breakers.ask('acme', 'waiting', noon)).kind).toBe('probe')
  })

  it('is kept across a restart, as the table holds it', async () => {
    const { releases, tools } = open()
    const retries = new Retries()
    retries.apply(request(noon - 60_000))
    await retries.start(tools)
    expect(releases.until(later('2h'), at)).toBe(noon - 60_000)
  })

  it('counts once, whatever else changes in the connection', async () => {
    const { reads, tools } = open()
    const retries = new Retries()
    await retries.start(tools)
    for (const retriedAt of [null, noon - 8_000_000, noon, noon]) retries.apply(request(retriedAt))
    await settled()
    expect(reads()).toBe(4)
  })

  it('of a machine whose clock is ahead makes nothing due that is deferred after it', async () => {
    const { releases, tools } = open()
    const retries = new Retries()
    await retries.start(tools)
    retries.apply(request(noon + 3_600_000))
    await settled()
    expect(releases.until(later('1m'), at)).toBe(noon)
  })

  it('is repeated while Kafka is away', async () => {
    const { releases, tools, away } = open()
    const retries = new Retries()
    await retries.start(tools)
    away()
    retries.apply(request(noon))
    await settled()
    expect(releases.until(later('1m'), at)).toBe(noon)
  })
})
