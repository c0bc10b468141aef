import { idsOf, numbered, openDispatch, some, times } from '../../support/dispatch-world.ts'

describe('a call that TikTok does not accept', () => {
  it.each([
    ['throttling', { code: 40133 }, 'throttled'],
    ['a service error', { code: 51010 }, 'service'],
    ['HTTP 503', { status: 503 }, 'http_5xx'],
    ['a page', { html: true }, 'no_json'],
    ['a reset', { reset: true }, 'reset'],
  ])('%s: its signals come back later, its neighbours are delivered', async (_name, fault, reason) => {
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
    expect(world.acceptedIds()).toEqual(idsOf(some('a', 3)))
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
    expect(world.acceptedIds()).toHaveLength(49)
  })

  it('is found by halving when TikTok does not', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ eventIds: [bad.signalId], code: 40002 })
    expect((await world.run(batch)).words).toEqual(expected)
    expect(world.callSizes().length).toBeLessThanOrEqual(13)
    expect(world.repeats()).toBe(0)
  })

  it('is not confused with the event that a wrong hint names', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ eventIds: [bad.signalId], code: 40002, message: 'Batch.3.event_time: no' })
    expect((await world.run(batch)).words).toEqual(expected)
  })

  it('is found in a partial success too, and the others are delivered', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ partial: { eventIds: [bad.signalId], places: [], hint: false } })
    expect((await world.run(batch)).words).toEqual(expected)
    expect(world.acceptedIds()).toHaveLength(49)
  })

  it('with an unknown code does not keep its neighbours from being delivered', async () => {
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
