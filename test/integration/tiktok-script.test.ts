/**
 * Every code and every fault of TikTok, played by the simulator over HTTP against the stage that runs in production: what becomes of
 * each signal, in how many calls, and that a neighbour in the same batch is delivered in one call of its own, before the sick one is
 * through where that takes its time. The waits of the later topics are not sat out: a signal that comes back is a batch with a
 * later attempt.
 *
 * The cases are drawn from the table of codes itself: a verdict without a script does not compile, a new code is played at once.
 */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { codeRanges, codes, type Verdict } from '../../services/dispatch/destinations/tiktok/codes.ts'
import { tokenHeader, trackPath } from '../../services/dispatch/destinations/tiktok/index.ts'
import { type HttpClient, openHttp } from '../../services/runtime/adapters/http.ts'
import { type Fault, faultSchema } from '../../services/simulator/faults.ts'
import { createSimulator, type Simulator } from '../../services/simulator/server.ts'
import { noon } from '../support/builders.ts'
import { type DispatchWorldOptions, numbered, openDispatch } from '../support/dispatch-world.ts'

let simulator: Simulator
let server: Server
const clients: HttpClient[] = []
beforeAll(async () => {
  simulator = createSimulator({ keep: 10_000, now: () => noon + 1_000 })
  server = simulator.server
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

/** A sick connection with `size` signals and a well one with two, sent as one batch. */
const size = 8
const sick = Array.from({ length: size }, (_, index) => numbered('sick', index))
const well = [numbered('well', 0), numbered('well', 1)]
const idOf = (place: number) => sick[place]?.signalId as string
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)
/** All the same but one. */
const but = (place: number, one: string, others = 'accepted') =>
  times(size, others).map((word, at) => (at === place ? one : word))

/** Where nothing is slow, nothing must be taken for slow, however busy the machine is. */
const ample = { patienceMs: 10_000, timeoutMs: 20_000 }
/** Where something is. */
const short = { patienceMs: 300, timeoutMs: 700 }

const open = ({ timeoutMs, ...options }: DispatchWorldOptions & { timeoutMs: number } = ample) => {
  const { store, faults, tokens } = simulator.world
  store.reset()
  faults.clear()
  tokens.clear()
  // A client of its own for each case: no connection of the case before is used again.
  const http = openHttp(`http://127.0.0.1:${(server.address() as AddressInfo).port}${trackPath}`)
  clients.push(http)
  const world = openDispatch({
    ...options,
    post: (body, token) =>
      http.post({ headers: { 'content-type': 'application/json', [tokenHeader]: token }, body, timeoutMs }),
  })
  world.connect('sick')
  world.connect('well')
  const calls = (connectionId: string) =>
    store.calls(0, 10_000).filter(({ eventSourceId }) => eventSourceId === `set-${connectionId}`)
  return {
    ...world,
    fault: (fault: Partial<Fault>) => faults.add(faultSchema.parse({ token: 'token-sick', ...fault })),
    recover: () => {
      faults.clear()
      world.breakers.recovered('sick')
      world.limitsLater(1_000)
    },
    calls,
    sizes: () => calls('sick').map(({ events }) => events),
    /** Distinct ids that TikTok has taken. */
    taken: (connectionId: string) =>
      new Set(
        store
          .events(0, 10_000)
          .filter(({ eventSourceId }) => eventSourceId === `set-${connectionId}`)
          .map(({ event }) => event.event_id),
      ),
  }
}

interface Script {
  /** Of the sick connection's signals, in order. */
  readonly words: readonly string[]
  /** Events of each call, in order. */
  readonly sizes: readonly number[]
  /** How many TikTok holds afterwards. */
  readonly taken: number
  /** Once the fault is over and the signals have come back; absent: nothing comes back. */
  readonly afterwards?: string
}

const play = async (
  fault: Partial<Fault>,
  { words, sizes, taken, afterwards }: Script,
  script: Partial<Fault>[] = [],
) => {
  const world = open()
  world.fault(fault)
  for (const more of script) world.fault(more)
  const result = await world.run([...sick, ...well])
  expect(result.words.slice(size)).toEqual(['accepted', 'accepted'])
  expect(world.calls('well').map(({ answer }) => answer)).toEqual(['0'])
  expect(result.words.slice(0, size)).toEqual(words)
  await world.sender.drained()
  expect(world.sizes()).toEqual(sizes)
  expect(world.taken('sick').size).toBe(taken)
  if (afterwards === undefined) {
    // Settled or parked: what is read again is not sent again.
    const again = await world.run(sick)
    expect(again.words.filter((word) => word === 'accepted')).toEqual([])
    expect(world.sizes()).toEqual(sizes)
    return
  }
  world.recover()
  const back = await world.run(sick, { topic: 'signals.dispatch.later-10s.v1', attempt: 2 })
  // What was delivered the first time is not sent again.
  expect(new Set(back.words.filter((word) => word !== 'dropped recorded'))).toEqual(new Set([afterwards]))
  // Sent again under the same ids: TikTok holds each once.
  expect(world.taken('sick').size).toBe(size)
}

/** What a call that is refused with a code of this verdict comes to, as a whole. */
const ofAll: Record<Verdict, Script> = {
  accepted: { words: times(size, 'accepted'), sizes: [8], taken: 8 },
  duplicate: { words: times(size, 'duplicate'), sizes: [8], taken: 0 },
  // Each half again, down to each event alone: fifteen calls.
  partial: { words: times(size, 'rejected'), sizes: [8, 4, 2, 1, 1, 2, 1, 1, 4, 2, 1, 1, 2, 1, 1], taken: 0 },
  too_many: { words: times(size, 'rejected'), sizes: [8, 4, 2, 1, 1, 2, 1, 1, 4, 2, 1, 1, 2, 1, 1], taken: 0 },
  bad_event: { words: times(size, 'rejected'), sizes: [8, 4, 2, 1, 1, 2, 1, 1, 4, 2, 1, 1, 2, 1, 1], taken: 0 },
  throttled: { words: times(size, 'deferred 10s throttled'), sizes: [8], taken: 0, afterwards: 'accepted' },
  service: { words: times(size, 'deferred 10s service'), sizes: [8], taken: 0, afterwards: 'accepted' },
  token: { words: times(size, 'parked reconnect'), sizes: [8], taken: 0 },
  authorisation: { words: times(size, 'parked reconnect'), sizes: [8], taken: 0 },
  // Both halves get it, so it is about all.
  unknown: { words: times(size, 'deferred 10s unknown_code'), sizes: [8, 4, 4], taken: 0, afterwards: 'accepted' },
}

describe('every code of the table', () => {
  const all: [number, Verdict][] = [
    ...Object.entries(codes).map(([code, { verdict }]): [number, Verdict] => [Number(code), verdict]),
    ...codeRanges.flatMap(({ from, to, verdict }): [number, Verdict][] => [
      [from, verdict],
      [to, verdict],
    ]),
    [47_111, 'unknown'],
    [-1, 'unknown'],
  ]

  it.each(all)('%i: %s', (code, verdict) => play({ code }, ofAll[verdict]))

  it('says of a refused token to which connection it belongs, once', async () => {
    const world = open({ ...ample, eventsPerCall: 2 })
    world.fault({ code: 40105 })
    await world.run([...sick, ...well])
    expect(world.reconnected).toEqual([['sick', 40105]])
    expect(world.sizes()).toEqual([2])
  })

  it('parks an unknown code at its fifth attempt, and not before', async () => {
    const world = open()
    world.fault({ code: 47_111 })
    const words: string[] = []
    for (let attempt = 1; attempt <= 5; attempt++) {
      words.push(...(await world.run([numbered('sick', 0)], { topic: 'later', attempt })).words)
    }
    expect(words).toEqual([
      'deferred 10s unknown_code',
      'deferred 1m unknown_code',
      'deferred 5m unknown_code',
      'deferred 30m unknown_code',
      'parked unknown_code',
    ])
  })
})

describe('every code about one event of the call', () => {
  const found = { words: but(5, 'rejected'), taken: size - 1 }
  const bad = Object.entries(codes).flatMap(([code, { verdict }]) => (verdict === 'bad_event' ? [Number(code)] : []))

  it.each(bad)('%i, named by TikTok: three calls', (code) =>
    play({ code, eventIds: [idOf(5)], hint: true }, { ...found, sizes: [8, 7, 1] }),
  )

  it.each(bad)('%i, not named: halving', (code) =>
    play({ code, eventIds: [idOf(5)] }, { ...found, sizes: [8, 4, 4, 2, 1, 1, 2] }),
  )

  it('named wrongly: the neighbours are not rejected for it', () =>
    play(
      { code: 40002, eventIds: [idOf(5)], message: 'Batch.2.event_time: Not a valid integer.' },
      { ...found, sizes: [8, 7, 4, 3, 2, 1, 1, 1, 1] },
    ))

  it('named outside of the call: as if not named', () =>
    play({ code: 40002, eventIds: [idOf(5)], message: 'Batch.70: no' }, { ...found, sizes: [8, 4, 4, 2, 1, 1, 2] }))

  it('a partial success without detail: who failed is found, the others are delivered', () =>
    play({ partial: { eventIds: [idOf(5)], places: [], hint: false } }, { ...found, sizes: [8, 4, 4, 2, 1, 1, 2] }))

  it('a partial success that names who failed: three calls', () =>
    play({ partial: { eventIds: [idOf(5)], places: [], hint: true } }, { ...found, sizes: [8, 7, 1] }))

  it('a code that nobody knows about one event: the others are delivered, that one waits', () =>
    play(
      { code: 47_111, eventIds: [idOf(5)], count: 4 },
      {
        words: but(5, 'deferred 10s unknown_code'),
        sizes: [8, 4, 4, 2, 2, 1, 1],
        taken: 7,
        afterwards: 'accepted',
      },
    ))

  it('duplicates among new events: all delivered', () =>
    play({ duplicates: true }, { words: times(size, 'accepted'), sizes: [8], taken: 8 }))

  it('too many in one call: two calls', () =>
    play({ code: 40061, count: 1 }, { words: times(size, 'accepted'), sizes: [8, 4, 4], taken: 8 }))

  it('HTTP 413: two calls', () =>
    play({ status: 413, count: 1 }, { words: times(size, 'accepted'), sizes: [8, 4, 4], taken: 8 }))
})

describe('every fault of the way there and back', () => {
  const waits = (reason: string): Script => ({
    words: times(size, `deferred 10s ${reason}`),
    sizes: [8],
    taken: 0,
    afterwards: 'accepted',
  })

  it.each<[string, Partial<Fault>, string]>([
    ['HTTP 500', { status: 500 }, 'http_5xx'],
    ['HTTP 502 with a body that says 0', { status: 502, body: '{"code":0,"message":"OK"}' }, 'http_5xx'],
    ['HTTP 503 with a code', { status: 503, code: 40002 }, 'http_5xx'],
    ['HTTP 429', { status: 429 }, 'http_429'],
    ['HTTP 404', { status: 404 }, 'no_json'],
    ['HTTP 403 with a page', { status: 403, html: true }, 'no_json'],
    ['a page in HTTP 200', { html: true }, 'no_json'],
    ['an empty body', { body: '' }, 'no_json'],
    ['a cut body', { body: '{"code": 0, "mess' }, 'no_json'],
    ['JSON that is no object', { body: '[0]' }, 'no_code'],
    ['JSON without a code', { body: '{"status":"OK"}' }, 'no_code'],
    ['a code that is a string', { body: '{"code":"0","message":"OK"}' }, 'no_code'],
    ['a code that is no whole number', { body: '{"code":0.5}' }, 'no_code'],
    ['an answer of two mebibytes', { body: '{"code":0}', bytes: 2_097_152 }, 'too_long'],
    ['a redirect, which is not followed', { location: 'http://127.0.0.1:9/elsewhere' }, 'no_json'],
    ['a connection that is cut', { reset: true }, 'reset'],
  ])('%s: later, the same ids', (_name, fault, reason) => play(fault, waits(reason)))

  it.each<[string, Partial<Fault>]>([
    ['an answer that is lost', { reset: true, taken: true }],
    ['an answer that is cut', { body: '{"co', taken: true }],
    ['an error after the events were taken', { status: 500, taken: true }],
  ])('%s: sent again under the same ids, which TikTok tells apart', async (_name, fault) => {
    const world = open()
    world.fault(fault)
    await world.run(sick)
    world.recover()
    expect((await world.run(sick, { topic: 'later', attempt: 2 })).words).toEqual(times(size, 'accepted'))
    expect(world.taken('sick').size).toBe(size)
    expect(world.repeats()).toBe(0)
    expect(simulator.world.store.stats().duplicates).toBe(size)
  })

  it.each<[string, Partial<Fault>]>([
    ['no answer at all', { timeout: true }],
    ['an answer that comes too late', { slowMs: short.timeoutMs + 100 }],
  ])('%s: the batch goes on, the neighbours do not wait for it', async (_name, fault) => {
    const world = open(short)
    world.fault(fault)
    const { words } = await world.run([...sick, ...well])
    // By order of events, not by the clock: the batch is through while the sick call still hangs.
    expect(world.underWay()).toBe(1)
    expect(words).toEqual([...times(size, 'deferred 10s slow'), 'accepted', 'accepted'])
    await world.sender.drained()
    expect(world.breakerStore.notes.get('sick')?.cause).toBe('timeout')
    world.recover()
    expect((await world.run(sick, { topic: 'later', attempt: 2 })).words).toEqual(times(size, 'accepted'))
    expect(world.taken('sick').size).toBe(size)
  })

  it('a slow answer: noted when it comes, not sent again', async () => {
    const world = open(short)
    world.fault({ slowMs: 500, count: 1 })
    expect((await world.run([...sick, ...well])).words.slice(0, size)).toEqual(times(size, 'deferred 10s slow'))
    await world.sender.drained()
    expect((await world.run(sick, { topic: 'later', attempt: 2 })).words).toEqual(times(size, 'accepted'))
    expect(world.sizes()).toEqual([8])
  })

  it('nobody there: later', async () => {
    const gone = openHttp('http://127.0.0.1:9/')
    const world = openDispatch({
      patienceMs: ample.patienceMs,
      post: (body) => gone.post({ headers: {}, body, timeoutMs: ample.timeoutMs }),
    })
    world.connect('sick')
    expect((await world.run([numbered('sick', 0)])).words).toEqual(['deferred 10s unreachable'])
    gone.close()
  })
})

describe('a failure in the midst of several calls', () => {
  it('keeps what was accepted before it, and spares TikTok what is behind it', async () => {
    const world = open({ ...ample, eventsPerCall: 2 })
    world.fault({ eventIds: [idOf(4)], code: 50000 })
    const { words } = await world.run([...sick, ...well])
    expect(words).toEqual([
      ...times(4, 'accepted'),
      ...times(2, 'deferred 10s service'),
      ...times(2, 'deferred 10s service untried'),
      'accepted',
      'accepted',
    ])
    expect(world.sizes()).toEqual([2, 2, 2])
  })

  it('asks once while the breaker is open, and everything goes out once it is closed', async () => {
    const world = open()
    world.fault({ code: 50000 })
    await world.run(sick)
    expect((await world.run(sick)).words).toEqual(times(size, 'deferred 10s breaker_open untried'))
    expect(world.sizes()).toEqual([8])
    world.recover()
    expect((await world.run(sick)).words).toEqual(times(size, 'accepted'))
  })
})
