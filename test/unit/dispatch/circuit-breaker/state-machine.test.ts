import { BreakerRegistry } from '../../../../services/dispatch/circuit-breaker/registry.ts'
import {
  admission,
  afterFailure,
  afterSlow,
  type BreakerRecord,
  breakerStateOf,
  withoutCooldown,
} from '../../../../services/dispatch/circuit-breaker/state-machine.ts'
import { DependencyError } from '../../../../services/runtime/ports.ts'
import { breakerStoreContract } from '../../../support/breaker-store.contract.ts'
import { MemoryBreakerStore } from '../../../support/memory-breaker-store.ts'

const timing = { scale: 1, probeMs: 3_000 }
const service = { throttled: false, cause: 'service' }
const throttled = { throttled: true, cause: 'throttled' }

/** After so many failures in a row, each at time 0. */
const failedTimes = (times: number, failure = service, id = 'a') => {
  let note: BreakerRecord | undefined
  for (let n = 0; n < times; n++) note = afterFailure(id, note, failure, 0, timing)
  return note as BreakerRecord
}

describe('a breaker', () => {
  it('is closed until something fails', () => expect(admission(undefined, 'main', 0, timing)).toEqual({ kind: 'send' }))

  it.each(['main', 'waiting', 'replay'] as const)('is open after a failure: %s traffic waits', (trafficClass) => {
    const note = failedTimes(1)
    expect(breakerStateOf(note, 1)).toBe('open')
    expect(admission(note, trafficClass, 1, timing)).toEqual({ kind: 'notAttempted', delay: '10s' })
  })

  it('is half open after its cooldown: one batch of deferred signals probes, all others wait for it', () => {
    const note = failedTimes(1)
    expect(breakerStateOf(note, 9_700)).toBe('half_open')
    expect(admission(note, 'main', 9_700, timing).kind).toBe('notAttempted')
    const probe = admission(note, 'waiting', 9_700, timing)
    if (probe.kind !== 'probe') throw new Error(probe.kind)
    expect(admission(probe.next, 'waiting', 9_701, timing).kind).toBe('notAttempted')
    expect(admission(probe.next, 'main', 9_701, timing).kind).toBe('notAttempted')
    expect(admission(probe.next, 'waiting', 12_701, timing).kind).toBe('probe')
  })

  it.each([1, 6, 20])(
    'is probed by a process whose clock is an hour behind, after %i failures in a row',
    (failures) => {
      const hourBehind = -3_600_000
      for (const trafficClass of ['main', 'waiting', 'replay'] as const)
        expect(admission(failedTimes(failures), trafficClass, hourBehind, timing).kind).toBe('probe')
    },
  )

  it('holds calls back for no longer than its longest cooldown by the clock of any process', () => {
    const note = failedTimes(20)
    expect(admission(note, 'main', 0, timing).kind).toBe('notAttempted')
    expect(admission(note, 'main', -400_000, timing).kind).toBe('probe')
  })

  it('is half open at once when a person asks, but a probe under way keeps its turn', () => {
    const note = failedTimes(6)
    const ended = withoutCooldown(note, 1_000, timing) as BreakerRecord
    expect(breakerStateOf(ended, 1_000)).toBe('half_open')
    expect(ended).toMatchObject({ failures: 6, since: note.since })
    const probe = admission(ended, 'main', 1_000, timing)
    if (probe.kind !== 'probe') throw new Error(probe.kind)
    expect(withoutCooldown(probe.next, 1_001, timing)).toBeNull()
  })

  it('lets main traffic probe when no deferred signals did', () =>
    expect(admission(failedTimes(1), 'main', 19_700, timing).kind).toBe('probe'))

  it.each([
    ['service', service, [8, 8, 45, 45, 45, 240, 240]],
    ['throttled', throttled, [1, 45, 300, 300]],
  ] as const)('has a longer cooldown the longer it lasts: %s', (_name, failure, seconds) => {
    seconds.forEach((cooldown, index) => {
      const { waitingFrom, mainFrom } = failedTimes(index + 1, failure)
      expect(waitingFrom).toBeGreaterThanOrEqual(cooldown * 800)
      expect(waitingFrom).toBeLessThanOrEqual(cooldown * 1_200)
      expect(mainFrom).toBe(waitingFrom + 10_000)
    })
  })

  it.each([
    [1, '10s'],
    [3, '1m'],
    [6, '5m'],
  ] as const)('after %i failures its signals wait %s', (failures, delay) =>
    expect(admission(failedTimes(failures), 'waiting', 1, timing)).toEqual({ kind: 'notAttempted', delay }),
  )

  it('probes different connections at different times, the same one always at the same', () => {
    const times = Array.from({ length: 50 }, (_, n) => failedTimes(1, service, `connection-${n}`).waitingFrom)
    expect(new Set(times).size).toBeGreaterThan(25)
    expect(failedTimes(1, service, 'connection-7').waitingFrom).toBe(times[7])
  })

  it('has a first cooldown below the wait of the topic that holds its signals', () => {
    for (let n = 0; n < 500; n++) expect(failedTimes(1, service, `connection-${n}`).waitingFrom).toBeLessThan(10_000)
  })

  it('stays closed after one slow answer; after two in a row main traffic does not wait for it', () => {
    const once = afterSlow(undefined, 0, timing)
    expect(admission(once, 'main', 1, timing)).toEqual({ kind: 'send' })
    const twice = afterSlow(once, 1_000, timing)
    expect(breakerStateOf(twice, 1_001)).toBe('slow')
    expect(admission(twice, 'main', 1_001, timing)).toEqual({ kind: 'detached' })
    expect(admission(twice, 'waiting', 1_001, timing)).toEqual({ kind: 'send' })
    expect(admission(twice, 'main', 21_001, timing)).toEqual({ kind: 'send' })
  })

  it('has a tenth of the cooldown at a tenth of the scale', () =>
    expect(afterFailure('a', undefined, service, 0, { ...timing, scale: 0.1 }).waitingFrom).toBeCloseTo(
      failedTimes(1).waitingFrom / 10,
      -1,
    ))
})

breakerStoreContract('memory', async () => new MemoryBreakerStore())

describe('breakers', () => {
  it('are shared: the next batch of another instance knows what one learnt', async () => {
    const store = new MemoryBreakerStore()
    const [one, other] = [new BreakerRegistry(store, timing), new BreakerRegistry(store, timing)]
    one.failed('a', service, 0)
    await one.refresh([])
    await other.refresh(['a'])
    expect((await other.ask('a', 'main', 1)).kind).toBe('notAttempted')
    one.recovered('a')
    await one.refresh([])
    await other.refresh(['a'])
    expect(await other.ask('a', 'main', 1)).toEqual({ kind: 'send' })
  })

  it('are known to a restarted process', async () => {
    const store = new MemoryBreakerStore()
    const before = new BreakerRegistry(store, timing)
    for (let n = 0; n < 3; n++) before.failed('a', service, 0)
    await before.refresh([])
    const after = new BreakerRegistry(store, timing)
    await after.refresh(['a'])
    expect(await after.ask('a', 'waiting', 1)).toEqual({ kind: 'notAttempted', delay: '1m' })
  })

  it('let one instance probe when half open', async () => {
    const store = new MemoryBreakerStore()
    const [one, other] = [new BreakerRegistry(store, timing), new BreakerRegistry(store, timing)]
    one.failed('a', service, 0)
    await one.refresh(['a'])
    await other.refresh(['a'])
    const admissions = await Promise.all([one.ask('a', 'waiting', 9_900), other.ask('a', 'waiting', 9_900)])
    expect(admissions.map(({ kind }) => kind).sort()).toEqual(['notAttempted', 'probe'])
  })

  it('fail the batch while Redis is away, and lose nothing', async () => {
    const store = new MemoryBreakerStore()
    const write = store.write.bind(store)
    store.write = () => Promise.reject(new DependencyError('redis', 'away'))
    const breakers = new BreakerRegistry(store, timing)
    breakers.failed('a', service, 0)
    await expect(breakers.refresh(['a'])).rejects.toThrow(DependencyError)
    store.write = write
    await breakers.refresh(['a'])
    expect((await breakers.ask('a', 'main', 1)).kind).toBe('notAttempted')
    expect(store.notes.get('a')?.failures).toBe(1)
  })

  it('do not replace what was learnt during a read by the older note that it brings', async () => {
    const store = new MemoryBreakerStore()
    const breakers = new BreakerRegistry(store, timing)
    let read: () => void = () => {}
    store.read = (ids) =>
      new Promise((resolve) => {
        read = () => resolve(ids.map(() => null))
      })
    const refreshing = breakers.refresh(['a'])
    await new Promise((resolve) => setImmediate(resolve))
    breakers.failed('a', service, 0)
    await new Promise((resolve) => setImmediate(resolve))
    read()
    await refreshing
    expect((await breakers.ask('a', 'main', 1)).kind).toBe('notAttempted')
  })
})
