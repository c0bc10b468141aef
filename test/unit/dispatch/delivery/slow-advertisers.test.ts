import { idsOf, numbered, openDispatch, some, times } from '../../../support/dispatch-world.ts'

describe('an advertiser that hangs', () => {
  it('costs the batch the usual time of a call, not the time-out, and others nothing', async () => {
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
    await world.drained()
    expect(world.callSizes()).toEqual([1, 1, 1])
    expect((await world.run([numbered('hangs', 9)])).words).toEqual(['deferred 10s breaker_open untried'])
  })

  it('does not make the others wait for a slot, however many hang', async () => {
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
    await world.drained()
  })

  it('is not sent to again when it answers after all: the answer is written when it comes', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ slowMs: 80, count: 1 })
    expect((await world.run(some('a', 2))).words).toEqual(times(2, 'deferred 10s slow'))
    await world.drained()
    expect((await world.run(some('a', 2), { topic: 'later', attempt: 2 })).words).toEqual(times(2, 'accepted'))
    expect(world.callSizes()).toEqual([2])
  })

  it('gets the rest detached from the batch, and what came meanwhile after that', async () => {
    const world = openDispatch({ eventsPerCall: 2 })
    world.connect('a')
    world.fault({ slowMs: 80, count: 1 })
    const [first, second] = [some('a', 5), [numbered('a', 7)]]
    expect((await world.run(first)).words).toEqual([
      ...times(2, 'deferred 10s slow'),
      ...times(3, 'deferred 10s slow untried'),
    ])
    expect((await world.run(second)).words).toEqual(['deferred 10s slow untried'])
    await world.drained()
    expect(world.callSizes()).toEqual([2, 2, 1, 1])
    expect(world.acceptedIds()).toEqual(idsOf([...first, ...second]))
    const back = await world.run([...first, ...second], { topic: 'later', attempt: 2 })
    expect(back.words).toEqual(times(6, 'accepted'))
    expect(world.repeats()).toBe(0)
  })

  it('gets nothing more once its consent has ended, not even detached from the batch', async () => {
    const world = openDispatch({ eventsPerCall: 1 })
    world.connect('a')
    world.fault({ slowMs: 80, count: 1 })
    await world.run(some('a', 3))
    world.connect('a', { status: 'disconnected', accessToken: null })
    await world.drained()
    expect(world.callSizes()).toEqual([1])
  })

  it('is not waited for at all when it hangs repeatedly, and gets everything all the same', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ slowMs: 60 })
    for (let n = 0; n < 2; n++) {
      await world.run([numbered('a', n)])
      await world.drained()
    }
    const calls = world.callSizes().length
    expect((await world.run([numbered('a', 5)])).words).toEqual(['deferred 10s slow untried'])
    await world.drained()
    expect(world.callSizes()).toHaveLength(calls + 1)
    expect(world.acceptedIds()).toContain(numbered('a', 5).signalId)
  })

  it('makes no call so late that the deferred signal may meet it', async () => {
    const world = openDispatch({ eventsPerCall: 1 })
    world.connect('a')
    world.fault({ slowMs: 90 })
    await world.run(some('a', 20))
    await world.drained()
    // Detached at 40 ms, so calls may begin until 240 ms: at 0, 90 and 180.
    expect(world.callSizes()).toEqual([1, 1, 1])
    expect(world.breakerStore.notes.get('a')?.failures).toBe(0)
  })

  it('is waited for in the later topics, where it delays no healthy connection', async () => {
    const world = openDispatch()
    world.connect('a')
    world.fault({ slowMs: 80, count: 1 })
    expect((await world.run(some('a', 2), { topic: 'later' })).words).toEqual(times(2, 'accepted'))
  })
})

describe('an advertiser at its limit', () => {
  it('gets its signals at the pace of the limit, detached from the batch, and its neighbours get theirs at once', async () => {
    const world = openDispatch({ eventsPerCall: 1, limits: { app: 1_000, advertiser: 14 } })
    world.connect('busy')
    world.connect('well')
    const { words } = await world.run([...some('busy', 3), numbered('well', 0)])
    expect(words).toEqual(['accepted', ...times(2, 'deferred 10s limit_advertiser untried'), 'accepted'])
    await world.drained()
    expect(world.acceptedIds()).toHaveLength(4)
    expect((await world.run(some('busy', 3), { topic: 'later' })).words).toEqual([
      'dropped recorded',
      'accepted',
      'accepted',
    ])
    expect(world.repeats()).toBe(0)
  })
})

describe('the limit of the app', () => {
  it('makes the batch wait, and defers nothing', async () => {
    const world = openDispatch({ eventsPerCall: 1, limits: { app: 1, advertiser: 1_000 } })
    world.connect('a')
    expect((await world.run(some('a', 20))).words).toEqual(times(20, 'accepted'))
  })

  it('defers what would wait longer than 30 s, as not attempted', async () => {
    const world = openDispatch({ limits: { app: 1, advertiser: 1_000 } })
    world.connect('a')
    // The token after the block comes in another second.
    await world.tokenBuckets.block('app', 29_001)
    expect((await world.run(some('a', 2))).words).toEqual(times(2, 'deferred 10s limit_app untried'))
    world.limitsLater(1)
    expect((await world.run(some('a', 2))).words).toEqual(times(2, 'accepted'))
  })
})
