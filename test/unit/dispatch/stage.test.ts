import { dispatch } from '../../../services/dispatch/stage.ts'
import type { Delivery } from '../../../services/model/topic-values.ts'
import { BadRecord } from '../../../services/runtime/failures.ts'
import { DependencyError } from '../../../services/runtime/ports.ts'
import { consumedRecord, noon, signal } from '../../support/builders.ts'
import { numbered, openDispatch } from '../../support/dispatch-world.ts'
import { MemoryHourBuckets } from '../../support/memory-hour-buckets.ts'

const some = (connectionId: string, count: number) =>
  Array.from({ length: count }, (_, index) => numbered(connectionId, index))
const ids = (signals: readonly { signalId: string }[]) => signals.map(({ signalId }) => signalId)
const times = <T>(count: number, value: T) => Array.from({ length: count }, () => value)

describe('sending a batch', () => {
  it('groups it by connection, in calls of a bounded size, in order', async () => {
    const world = openDispatch({ eventsPerCall: 3 })
    world.connect('a')
    world.connect('b')
    const batch = [...some('a', 4), ...some('b', 2)]
    expect((await world.run(batch)).words).toEqual(times(6, 'accepted'))
    expect([...world.callSizes()].sort()).toEqual([1, 2, 3])
    expect(world.held().filter((id) => ids(some('a', 4)).includes(id as string))).toEqual(ids(some('a', 4)))
  })

  it('records code, request id, attempt and times', async () => {
    const world = openDispatch()
    world.connect('a')
    const { outcomes } = await world.run([numbered('a', 0)], { attempt: 2 })
    const [record] = (outcomes[0] as unknown as { records: { topic: string; key: string; value: Delivery }[] }).records
    expect(record).toMatchObject({
      topic: 'deliveries',
      key: 'a',
      value: { outcome: 'accepted', code: 0, attempt: 2, occurredAt: noon, kind: 'conversation' },
    })
    expect(record?.value.requestId).toMatch(/^\d{20,}$/)
  })

  it('does not send again what has a sent-mark, and publishes the same outcome', async () => {
    const buckets = new MemoryHourBuckets()
    const before = openDispatch({ buckets })
    before.connect('a')
    const first = await before.run([numbered('a', 0)], { save: false })
    // The process died before its offsets moved: another one reads the batch again, with one more signal.
    const after = openDispatch({ buckets })
    after.connect('a')
    const second = await after.run([numbered('a', 0), numbered('a', 1)])
    expect(second.words).toEqual(['accepted', 'accepted'])
    expect(after.held()).toEqual([numbered('a', 1).signalId])
    const deliveryOf = ({ outcomes }: typeof first) =>
      (outcomes[0] as unknown as { records: { value: Delivery }[] }).records[0]?.value
    expect({ ...deliveryOf(second), requestId: null }).toEqual({ ...deliveryOf(first), requestId: null })
  })

  it('publishes no outcome again once the broker has it', async () => {
    const world = openDispatch()
    world.connect('a')
    await world.run(some('a', 2))
    expect((await world.run(some('a', 3))).words).toEqual(['dropped recorded', 'dropped recorded', 'accepted'])
  })

  it('sends two copies in one batch once', async () => {
    const world = openDispatch()
    world.connect('a')
    expect((await world.run([numbered('a', 0), numbered('a', 0)])).words).toEqual(['accepted', 'dropped repeated'])
    expect(world.repeats()).toBe(0)
    expect(world.callSizes()).toEqual([1])
  })

  it('fails as a whole when an answer cannot be noted, and sends nothing again once it can', async () => {
    const world = openDispatch()
    world.connect('a')
    const write = world.buckets.write.bind(world.buckets)
    world.buckets.write = () => Promise.reject(new DependencyError('redis', 'away'))
    await expect(world.run([numbered('a', 0)])).rejects.toThrow(DependencyError)
    world.buckets.write = write
    expect((await world.run([numbered('a', 0)])).words).toEqual(['accepted'])
    expect(world.callSizes()).toEqual([1])
  })

  it('does not send what is older than 28 days', async () => {
    const world = openDispatch()
    world.connect('a')
    const old = numbered('a', 0, { occurredAt: noon - 29 * 86_400_000 })
    expect((await world.run([old, numbered('a', 1)])).words).toEqual(['expired', 'accepted'])
    expect(world.held()).toEqual([numbered('a', 1).signalId])
  })
})

describe('consent right before sending', () => {
  it.each([
    ['paused', 'parked paused'],
    ['reconnect', 'parked reconnect'],
    ['disconnected', 'withheld'],
  ] as const)('%s: %s', async (status, word) => {
    const world = openDispatch()
    world.connect('a', { status })
    expect((await world.run(some('a', 2))).words).toEqual([word, word])
    expect(world.callSizes()).toEqual([])
  })

  it('a signal of a consent that has ended is withheld, also where the connection was added anew since', async () => {
    const world = openDispatch()
    world.connect('a', { connectedAt: noon + 500 })
    const ofThen = { headers: { consent: String(noon - 500) } }
    const ofNow = { headers: { consent: String(noon + 500) } }
    expect((await world.run([numbered('a', 0)], ofThen)).words).toEqual(['withheld'])
    expect((await world.run([numbered('a', 1)], ofNow)).words).toEqual(['accepted'])
    expect((await world.run([numbered('a', 2)])).words).toEqual(['accepted'])
    expect(world.held()).toEqual(ids([numbered('a', 1), numbered('a', 2)]))
  })

  it('so is what waits for its call while the connection is disconnected and added anew', async () => {
    const world = openDispatch({ eventsPerCall: 1 })
    world.connect('a')
    world.onCall(() => world.connect('a', { connectedAt: noon + 500 }))
    const ofThen = { headers: { consent: '0' } }
    expect((await world.run(some('a', 3), ofThen)).words).toEqual(['accepted', 'withheld', 'withheld'])
  })

  it('an unknown connection is waited for, then its signals are withheld', async () => {
    const world = openDispatch()
    expect((await world.run(some('a', 1))).words).toEqual(['deferred 10s connection_unknown'])
    expect((await world.run(some('a', 1), { attempt: 3 })).words).toEqual(['withheld'])
  })

  it('a disconnect between two calls stops the second', async () => {
    const world = openDispatch({ eventsPerCall: 1 })
    world.connect('a')
    world.onCall(() => world.connect('a', { status: 'disconnected', accessToken: null }))
    expect((await world.run(some('a', 2))).words).toEqual(['accepted', 'withheld'])
  })
})

describe('what TikTok does not take', () => {
  it.each([
    ['throttling', { code: 40133 }, 'throttled'],
    ['a service error', { code: 51010 }, 'service'],
    ['HTTP 503', { status: 503 }, 'http_5xx'],
    ['a page', { html: true }, 'no_json'],
    ['a reset', { reset: true }, 'reset'],
  ])('%s: comes back later, its neighbours are delivered', async (_name, fault, reason) => {
    const world = openDispatch()
    world.connect('sick')
    world.connect('well')
    world.fault({ token: 'token-sick', ...fault })
    const { words } = await world.run([...some('sick', 2), ...some('well', 2)])
    expect(words).toEqual([...times(2, `deferred 10s ${reason}`), 'accepted', 'accepted'])
    expect((await world.run([numbered('sick', 7)], { topic: 'later', attempt: 3 })).words).toEqual([
      'deferred 10s breaker_open untried',
    ])
  })

  it('the same ids are accepted once TikTok is well', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ code: 50000, count: 1 })
    expect((await world.run(some('a', 3))).words).toEqual(times(3, 'deferred 10s service'))
    world.breakers.recovered('a')
    expect((await world.run(some('a', 3), { topic: 'later', attempt: 2 })).words).toEqual(times(3, 'accepted'))
    expect(world.held()).toEqual(ids(some('a', 3)))
  })

  it('a failed call stops the rest of its connection: one call, not twenty', async () => {
    const world = openDispatch({ eventsPerCall: 1 })
    world.connect('a')
    world.fault({ code: 40100 })
    expect((await world.run(some('a', 3))).words).toEqual([
      'deferred 10s throttled',
      'deferred 10s throttled untried',
      'deferred 10s throttled untried',
    ])
    expect(world.callSizes()).toEqual([1])
  })

  it.each([40102, 40105, 40001, 40301])('code %i: the connection is to reconnect, its signals park', async (code) => {
    const world = openDispatch({ eventsPerCall: 1 })
    world.connect('a')
    world.fault({ code })
    expect((await world.run(some('a', 3))).words).toEqual(times(3, 'parked reconnect'))
    expect(world.reconnected).toEqual([['a', code]])
    expect(world.callSizes()).toEqual([1])
  })

  it('40050 is delivered', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ code: 40050 })
    expect((await world.run(some('a', 2))).words).toEqual(['duplicate', 'duplicate'])
    expect(world.callSizes()).toEqual([2])
  })

  it('an unknown code about all: three calls, then later; parked in the end', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ code: 47_111 })
    expect((await world.run(some('a', 8))).words).toEqual(times(8, 'deferred 10s unknown_code'))
    expect(world.callSizes()).toEqual([8, 4, 4])
    expect((await world.run(some('a', 1), { attempt: 5 })).words).toEqual(['parked unknown_code'])
  })
})

describe('one bad event', () => {
  const batch = some('a', 50)
  const bad = batch[17] as (typeof batch)[number]
  const expected = batch.map((one) => (one === bad ? 'rejected' : 'accepted'))

  it('is rejected alone in three calls when TikTok names it', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ eventIds: [bad.signalId], code: 40002, hint: true })
    expect((await world.run(batch)).words).toEqual(expected)
    expect(world.callSizes()).toEqual([50, 49, 1])
    expect(world.held()).toHaveLength(49)
  })

  it('is found by halving when TikTok does not', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ eventIds: [bad.signalId], code: 40002 })
    expect((await world.run(batch)).words).toEqual(expected)
    expect(world.callSizes().length).toBeLessThanOrEqual(13)
    expect(world.repeats()).toBe(0)
  })

  it('is not confused with the one a wrong hint names', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ eventIds: [bad.signalId], code: 40002, message: 'Batch.3.event_time: no' })
    expect((await world.run(batch)).words).toEqual(expected)
  })

  it('of a partial success is found too, and the others are delivered', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ partial: { eventIds: [bad.signalId], places: [], hint: false } })
    expect((await world.run(batch)).words).toEqual(expected)
    expect(world.held()).toHaveLength(49)
  })

  it('with a code that nobody knows keeps its neighbours from nothing', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ eventIds: [bad.signalId], code: 47_111 })
    const { words } = await world.run(batch)
    expect(words.filter((word) => word === 'accepted')).toHaveLength(49)
    expect(words[17]).toBe('deferred 10s unknown_code')
  })

  it('stays rejected when the batch is read again', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ eventIds: [bad.signalId], code: 40002 })
    await world.run(batch, { save: false })
    const calls = world.callSizes().length
    expect((await world.run(batch)).words).toEqual(expected)
    expect(world.callSizes()).toHaveLength(calls)
  })

  it('too many at once are sent in smaller calls', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ code: 40061, count: 1 })
    expect((await world.run(batch)).words).toEqual(times(50, 'accepted'))
    expect(world.callSizes()).toEqual([50, 25, 25])
  })
})

describe('an advertiser that hangs', () => {
  it('costs the batch its patience, not the time-out, and others nothing', async () => {
    const world = openDispatch({ eventsPerCall: 1 })
    world.connect('hangs')
    world.connect('well')
    world.fault({ token: 'token-hangs', timeout: true })
    const { words } = await world.run([...some('hangs', 3), ...some('well', 2)])
    expect(world.underWay()).toBe(1)
    expect(words).toEqual([
      'deferred 10s slow',
      'deferred 10s slow untried',
      'deferred 10s slow untried',
      'accepted',
      'accepted',
    ])
    expect((await world.run([numbered('hangs', 8)])).words).toEqual(['deferred 10s slow untried'])
    await world.sender.drained()
    expect(world.callSizes()).toEqual([1, 1, 1])
    expect((await world.run([numbered('hangs', 9)])).words).toEqual(['deferred 10s breaker_open untried'])
  })

  it('does not keep the others waiting for a slot, however many hang', async () => {
    const world = openDispatch()
    for (let index = 0; index < 12; index++) world.connect(`hangs-${index}`)
    world.connect('well')
    for (let index = 0; index < 12; index++) world.fault({ token: `token-hangs-${index}`, timeout: true })
    const hanging = Array.from({ length: 12 }, (_, index) => numbered(`hangs-${index}`, 0))
    let besides = 0
    world.onCall((id) => {
      if (id === 'well') besides = world.underWay() - 1
    })
    const { words } = await world.run([...hanging, numbered('well', 0)])
    expect(words.at(-1)).toBe('accepted')
    expect(besides).toBe(12)
    await world.sender.drained()
  })

  it('and answers after all is not sent to again: the answer is noted when it comes', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ slowMs: 80, count: 1 })
    expect((await world.run(some('a', 2))).words).toEqual(times(2, 'deferred 10s slow'))
    await world.sender.drained()
    expect((await world.run(some('a', 2), { topic: 'later', attempt: 2 })).words).toEqual(times(2, 'accepted'))
    expect(world.callSizes()).toEqual([2])
  })

  it('is sent the rest behind the batch, and what came meanwhile behind that', async () => {
    const world = openDispatch({ eventsPerCall: 2 })
    world.connect('a')
    world.fault({ slowMs: 80, count: 1 })
    const [first, second] = [some('a', 5), [numbered('a', 7)]]
    expect((await world.run(first)).words).toEqual([
      ...times(2, 'deferred 10s slow'),
      ...times(3, 'deferred 10s slow untried'),
    ])
    expect((await world.run(second)).words).toEqual(['deferred 10s slow untried'])
    await world.sender.drained()
    expect(world.callSizes()).toEqual([2, 2, 1, 1])
    expect(world.held()).toEqual(ids([...first, ...second]))
    const back = await world.run([...first, ...second], { topic: 'later', attempt: 2 })
    expect(back.words).toEqual(times(6, 'accepted'))
    expect(world.repeats()).toBe(0)
  })

  it('is told nothing any more once its consent has ended, not even behind the batch', async () => {
    const world = openDispatch({ eventsPerCall: 1 })
    world.connect('a')
    world.fault({ slowMs: 80, count: 1 })
    await world.run(some('a', 3))
    world.connect('a', { status: 'disconnected', accessToken: null })
    await world.sender.drained()
    expect(world.callSizes()).toEqual([1])
  })

  it('again and again is not waited for at all, and gets everything all the same', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ slowMs: 60 })
    for (let n = 0; n < 2; n++) {
      await world.run([numbered('a', n)])
      await world.sender.drained()
    }
    const calls = world.callSizes().length
    expect((await world.run([numbered('a', 5)])).words).toEqual(['deferred 10s slow untried'])
    await world.sender.drained()
    expect(world.callSizes()).toHaveLength(calls + 1)
    expect(world.held()).toContain(numbered('a', 5).signalId)
  })

  it('makes no call so late that the deferred signal may meet it', async () => {
    const world = openDispatch({ eventsPerCall: 1 })
    world.connect('a')
    world.fault({ slowMs: 90 })
    await world.run(some('a', 20))
    await world.sender.drained()
    expect(world.callSizes().length).toBeLessThan(6)
    expect(world.breakerStore.notes.get('a')?.failures).toBe(0)
  })

  it('is waited for where nobody healthy waits behind it', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ slowMs: 80, count: 1 })
    expect((await world.run(some('a', 2), { topic: 'later' })).words).toEqual(times(2, 'accepted'))
  })
})

describe('an advertiser at its limit', () => {
  it('gets its signals at the pace of the limit, behind the batch, and its neighbours get theirs at once', async () => {
    const world = openDispatch({ eventsPerCall: 1, limits: { app: 1_000, advertiser: 14 } })
    world.connect('busy')
    world.connect('well')
    const { words } = await world.run([...some('busy', 3), numbered('well', 0)])
    expect(words).toEqual(['accepted', ...times(2, 'deferred 10s limit_advertiser untried'), 'accepted'])
    await world.sender.drained()
    expect(world.held()).toHaveLength(4)
    expect((await world.run(some('busy', 3), { topic: 'later' })).words).toEqual([
      'dropped recorded',
      'accepted',
      'accepted',
    ])
    expect(world.repeats()).toBe(0)
  })
})

describe('decoding', () => {
  it('refuses a signal whose id is not one of ours', () => {
    const stage = dispatch({
      codec: { decode: () => signal({ signalId: 'x' }) as never },
      marks: { read: async () => [], write: async () => {} },
      breakers: { refresh: async () => {} },
      sender: { send: async () => {} },
      standing: () => ({ may: false, finding: { kind: 'withheld' } }),
      expireMs: 1,
      warnMs: 1,
    })
    expect(() => stage.decode(consumedRecord())).toThrow(BadRecord)
  })
})
