/**
 * TikTok as a script: the simulator over HTTP against the stage that runs in production, for a batch of a sick connection and a well one.
 * Nothing waits for the later topics: a signal that comes back is a batch with a later attempt.
 */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Verdict } from '../../services/dispatch/destinations/destination.ts'
import { openDestination } from '../../services/dispatch/wiring.ts'
import { type Fault, faultSchema } from '../../services/local/simulator/faults.ts'
import { createSimulator, type Simulator } from '../../services/local/simulator/server.ts'
import { type HttpClient, openHttp } from '../../services/runtime/adapters/http.ts'
import { noon } from './builders.ts'
import { type DispatchWorldOptions, numbered, openDispatch, times } from './dispatch-world.ts'

let simulator: Simulator
let server: Server
const clients: HttpClient[] = []
/** For the tests of a file: one simulator, and a client of its own for each case. */
export const serveTikTok = () => {
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
}

/** A sick connection with `size` signals and a well one with two, sent as one batch. */
export const size = 8
export const sick = Array.from({ length: size }, (_, index) => numbered('sick', index))
export const well = [numbered('well', 0), numbered('well', 1)]
export const idOf = (place: number) => sick[place]?.signalId as string
/** All the same but one. */
export const but = (place: number, one: string, others = 'accepted') =>
  times(size, others).map((word, at) => (at === place ? one : word))

/** For cases without slow calls: none may count as slow, however busy the machine is. */
export const ample = { batchTimeoutMs: 10_000, timeoutMs: 20_000 }
/** For cases with slow calls. */
export const short = { batchTimeoutMs: 300, timeoutMs: 700 }

export const open = ({ timeoutMs, ...options }: DispatchWorldOptions & { timeoutMs: number } = ample) => {
  const { store, faults, tokens } = simulator.state
  store.reset()
  faults.clear()
  tokens.clear()
  // A client of its own for each case: no connection of the case before is used again.
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const http = openHttp(openDestination({ TIKTOK_BASE_URL: baseUrl }).destination.url)
  clients.push(http)
  const world = openDispatch({
    ...options,
    post: ({ headers, body }) => http.post({ headers, body, timeoutMs }),
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
    /** Events that the simulator has deduplicated by their ids. */
    duplicates: () => store.stats().duplicates,
    /** Distinct ids that the simulator has accepted. */
    taken: (connectionId: string) =>
      new Set(
        store
          .events(0, 10_000)
          .filter(({ eventSourceId }) => eventSourceId === `set-${connectionId}`)
          .map(({ event }) => event.event_id),
      ),
  }
}

export interface Script {
  /** Of the sick connection's signals, in order. */
  readonly words: readonly string[]
  /** Events of each call, in order. */
  readonly sizes: readonly number[]
  /** How many events the simulator has accepted afterwards. */
  readonly taken: number
  /** Once the fault is over and the signals have come back; absent: nothing comes back. */
  readonly afterwards?: string
}

export const play = async (
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
  await world.drained()
  expect(world.sizes()).toEqual(sizes)
  expect(world.taken('sick').size).toBe(taken)
  if (afterwards === undefined) {
    // Final or parked: signals that are read again are not sent again.
    const again = await world.run(sick)
    expect(again.words.filter((word) => word === 'accepted')).toEqual([])
    expect(world.sizes()).toEqual(sizes)
    return
  }
  world.recover()
  const back = await world.run(sick, { topic: 'signals.dispatch.later-10s.v1', attempt: 2 })
  // Signals that were delivered the first time are not sent again.
  expect(new Set(back.words.filter((word) => word !== 'dropped recorded'))).toEqual(new Set([afterwards]))
  // Sent again under the same ids: the simulator has each once.
  expect(world.taken('sick').size).toBe(size)
}

/** The result when each call of the connection gets a code of this verdict. */
export const ofAll: Record<Verdict, Script> = {
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
  // Both halves get the code, so it is about all events.
  unknown: { words: times(size, 'deferred 10s unknown_code'), sizes: [8, 4, 4], taken: 0, afterwards: 'accepted' },
}
