import { BreakerRegistry } from '../../../../services/dispatch/circuit-breaker/registry.ts'
import {
  admission,
  afterFailure,
  afterSlow,
  type BreakerNote,
  breakerStateOf,
} from '../../../../services/dispatch/circuit-breaker/state-machine.ts'
import { DependencyError } from '../../../../services/runtime/ports.ts'
import { breakerStoreContract } from '../../../support/breaker-store.contract.ts'
import { MemoryBreakerStore } from '../../../support/memory-breaker-store.ts'

const timing = { scale: 1, probeMs: 3_000 }
const service = { throttled: false, cause: 'service' }
const throttled = { throttled: true, cause: 'throttled' }

/** After so many failures in a row, each at time 0. */
const failedTimes = (times: number, failure = service, id = 'a') => {
  let note: BreakerNote | undefined
  for (let n = 0; n < times; n++) note = afterFailure(id, note, failure, 0, timing)
  return note as BreakerNote
}

describe('a breaker', () => {
  it('is closed until something fails', () => expect(admission(undefined, 'main', 0, timing)).toEqual({ kind: 'send' }))

  it.each(['main', 'waiting', 'replay'] as const)('is open after a failure: the %s lane holds', (lane) => {
    const note = failedTimes(1)
    expect(breakerStateOf(note, 1)).toBe('open')
    expect(admission(note, lane, 1, timing)).toEqual({ kind: 'held', delay: '10s' })
  })

  it('is half open when its rest is over: one of the waiting lane asks, everybody else waits for it', () => {
    const note = failedTimes(1)
    expect(breakerStateOf(note, 9_700)).toBe('half_open')
    expect(admission(note, 'main', 9_700, timing).kind).toBe('held')
    const asked = admission(note, 'waiting', 9_700, timing)
    if (asked.kind !== 'probe') throw new Error(asked.kind)
    expect(admission(asked.next, 'waiting', 9_701, timing).kind).toBe('held')
    expect(admission(asked.next, 'main', 9_701, timing).kind).toBe('held')
    expect(admission(asked.next, 'waiting', 12_701, timing).kind).toBe('probe')
  })

  it('lets the main lane ask where no waiting lane did', () =>
    expect(admission(failedTimes(1), 'main', 19_700, timing).kind).toBe('probe'))

  it.each([
    ['service', service, [8, 8, 45, 45, 45, 240, 240]],
    ['throttled', throttled, [1, 45, 300, 300]],
  ] as const)('rests longer the longer it lasts: %s', (_name, failure, seconds) => {
    seconds.forEach((rest, index) => {
      const { waitingFrom, mainFrom } = failedTimes(index + 1, failure)
      expect(waitingFrom).toBeGreaterThanOrEqual(rest * 800)
      expect(waitingFrom).toBeLessThanOrEqual(rest * 1_200)
      expect(mainFrom).toBe(waitingFrom + 10_000)
    })
  })

  it.each([
    [1, '10s'],
    [3, '1m'],
    [6, '5m'],
  ] as const)('after %i failures its signals wait %s', (failures, delay) =>
    expect(admission(failedTimes(failures), 'waiting', 1, timing)).toEqual({ kind: 'held', delay }),
  )

  it('asks for different connections at different times, for the same always at the same', () => {
    const times = Array.from({ length: 50 }, (_, n) => failedTimes(1, service, `connection-${n}`).waitingFrom)
    expect(new Set(times).size).toBeGreaterThan(25)
    expect(failedTimes(1, service, 'connection-7').waitingFrom).toBe(times[7])
  })

  it('never rests beyond the wait of the topic that holds its signals', () => {
    for (let n = 0; n < 500; n++) expect(failedTimes(1, service, `connection-${n}`).waitingFrom).toBeLessThan(10_000)
  })

  it('of one that is slow once stays closed; twice in a row, and nobody waits for it in the main lane', () => {
    const once = afterSlow(undefined, 0, timing)
    expect(admission(once, 'main', 1, timing)).toEqual({ kind: 'send' })
    const twice = afterSlow(once, 1_000, timing)
    expect(breakerStateOf(twice, 1_001)).toBe('slow')
    expect(admission(twice, 'main', 1_001, timing)).toEqual({ kind: 'behind' })
    expect(admission(twice, 'waiting', 1_001, timing)).toEqual({ kind: 'send' })
    expect(admission(twice, 'main', 21_001, timing)).toEqual({ kind: 'send' })
  })

  it('rests a tenth as long at a tenth of the scale', () =>
    expect(afterFailure('a', undefined, service, 0, { ...timing, scale: 0.1 }).waitingFrom).toBeCloseTo(
      failedTimes(1).waitingFrom / 10,
      -1,
    ))
})

breakerStoreContract('memory', async () => new MemoryBreakerStore())

describe('breakers', () => {
  it('are shared: what one instance learnt, the next batch of another knows', async () => {
    const store = new MemoryBreakerStore()
    const [one, other] = [new BreakerRegistry(store, timing), new BreakerRegistry(store, timing)]
    one.failed('a', service, 0)
    await one.refresh([])
    await other.refresh(['a'])
    expect((await other.ask('a', 'main', 1)).kind).toBe('held')
    one.recovered('a')
    await one.refresh([])
    await other.refresh(['a'])
    expect(await other.ask('a', 'main', 1)).toEqual({ kind: 'send' })
  })

  it('are known to a process that was started again', async () => {
    const store = new MemoryBreakerStore()
    const before = new BreakerRegistry(store, timing)
    for (let n = 0; n < 3; n++) before.failed('a', service, 0)
    await before.refresh([])
    const after = new BreakerRegistry(store, timing)
    await after.refresh(['a'])
    expect(await after.ask('a', 'waiting', 1)).toEqual({ kind: 'held', delay: '1m' })
  })

  it('half open let one instance ask', async () => {
    const store = new MemoryBreakerStore()
    const [one, other] = [new BreakerRegistry(store, timing), new BreakerRegistry(store, timing)]
    one.failed('a', service, 0)
    await one.refresh(['a'])
    await other.refresh(['a'])
    const asked = await Promise.all([one.ask('a', 'waiting', 9_900), other.ask('a', 'waiting', 9_900)])
    expect(asked.map(({ kind }) => kind).sort()).toEqual(['held', 'probe'])
  })

  it('pause the stage while Redis is away, and forget nothing meanwhile', async () => {
    const store = new MemoryBreakerStore()
    const write = store.write.bind(store)
    store.write = () => Promise.reject(new DependencyError('redis', 'away'))
    const breakers = new BreakerRegistry(store, timing)
    breakers.failed('a', service, 0)
    await expect(breakers.refresh(['a'])).rejects.toThrow(DependencyError)
    store.write = write
    await breakers.refresh(['a'])
    expect((await breakers.ask('a', 'main', 1)).kind).toBe('held')
    expect(store.notes.get('a')?.failures).toBe(1)
  })

  it('do not take an older note for what was learnt during the reading of it', async () => {
    const store = new MemoryBreakerStore()
    const breakers = new BreakerRegistry(store, timing)
    let read: () => void = () => {}
    store.read = (ids) =>
      new Promise((resolve) => {
        read = () => resolve(ids.map(() => null))
      })
    const refreshing = breakers.refresh(['a'])
    await Promise.resolve()
    await Promise.resolve()
    breakers.failed('a', service, 0)
    await new Promise((resolve) => setImmediate(resolve))
    read()
    await refreshing
    expect((await breakers.ask('a', 'main', 1)).kind).toBe('held')
  })
})
