/** Dispatch as main.ts wires it, against the simulator's own endpoint, in one process without a network. Tests assert what the simulator got. */

import type { Answer, CallRequest } from '../../services/dispatch/destinations/destination.ts'
import { tiktokDestination } from '../../services/dispatch/destinations/tiktok/index.ts'
import type { Profile } from '../../services/dispatch/destinations/tiktok/profile.ts'
import { limitOf } from '../../services/dispatch/limits/token-bucket.ts'
import { BucketSentLog } from '../../services/dispatch/sent-log/sent-log.ts'
import {
  type DispatchPorts,
  type DispatchSettings,
  openDestination,
  wireDispatch,
} from '../../services/dispatch/wiring.ts'
import { type Fault, Faults, faultSchema } from '../../services/local/simulator/faults.ts'
import { Store } from '../../services/local/simulator/store.ts'
import { type SimulatorState, track } from '../../services/local/simulator/track.ts'
import type { Outcome } from '../../services/runtime/batch/outcome.ts'
import type { Input } from '../../services/runtime/batch/stage.ts'
import { systemClock } from '../../services/runtime/clock.ts'
import type { Headers } from '../../services/runtime/ports.ts'
import type { ConnectionRecord } from '../../services/shared/model/connection-record.ts'
import type { Signal } from '../../services/shared/model/topic-values.ts'
import { connectionRecord, consumedRecord, noon, signal } from './builders.ts'
import { FakeClock } from './fake-clock.ts'
import { MemoryBreakerStore } from './memory-breaker-store.ts'
import { MemoryHourBuckets } from './memory-hour-buckets.ts'
import { MemoryRateLimits } from './memory-rate-limits.ts'

const dayMs = 86_400_000
/** How long a batch waits for one call, ms. */
const batchTimeoutMs = 40
/** No call begins later after its delivery has detached, ms. */
const detachedMs = 200
/** Time-out of a call, ms. */
export const timeoutMs = 1_000

/** Signal number `index` of a connection; ids differ, all else is the builder's. */
export const numbered = (connectionId: string, index: number, fields: Partial<Signal> = {}) =>
  signal({
    connectionId,
    signalId: Buffer.from(`${connectionId}/${index}`).toString('hex').padEnd(32, '0').slice(0, 32),
    ...fields,
  })

/** So many signals of one connection. */
export const some = (connectionId: string, count: number) =>
  Array.from({ length: count }, (_, index) => numbered(connectionId, index))
export const idsOf = (signals: readonly { signalId: string }[]) => signals.map(({ signalId }) => signalId)
export const times = <T>(count: number, value: T) => Array.from({ length: count }, () => value)

export interface DispatchWorldOptions {
  eventsPerCall?: number
  buckets?: MemoryHourBuckets
  breakerStore?: MemoryBreakerStore
  /** Calls per second. */
  limits?: { app: number; advertiser: number }
  profile?: Profile
  /** How long a batch waits for one call, ms. */
  batchTimeoutMs?: number
  /** In place of the simulator in this process; the world then runs in real time. */
  post?(request: CallRequest): Promise<Answer>
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as DispatchPorts['log']
const uncounted = { count: () => {}, set: () => {}, observe: () => {} } as DispatchPorts['metrics']
const baseUrl = 'http://localhost'

export const openDispatch = (options: DispatchWorldOptions = {}) => {
  const time = new FakeClock(noon + 1_000)
  const clock = options.post ? systemClock : time
  /** Ends with the work. */
  const until = <T>(work: Promise<T>): Promise<T> => (options.post ? work : time.runUntil(work))
  const simulator: SimulatorState = {
    store: new Store(10_000),
    faults: new Faults(),
    tokens: new Set(),
    now: () => noon + 1_000,
  }
  const connections = new Map<string, ConnectionRecord>()
  /** Marks of forgotten conversations. */
  const suppressed = new Set<string>()
  const buckets = options.buckets ?? new MemoryHourBuckets()
  const sentLog = new BucketSentLog(buckets)
  const destination = options.profile
    ? tiktokDestination(options.profile, baseUrl)
    : openDestination({ TIKTOK_BASE_URL: baseUrl }).destination
  const reconnected: [string, number][] = []
  const refused = new Set<ConnectionRecord>()
  /** Called before each call reaches the destination. */
  let onCall: (connectionId: string, call: number) => void = () => {}
  let calls = 0
  let answered = 0

  const fromSimulator = async ({ body, headers }: CallRequest): Promise<Answer> => {
    const answer = track(body, headers['Access-Token'] as string, simulator)
    const waitMs = answer.kind === 'silence' ? timeoutMs : answer.afterMs
    if (waitMs > 0) await time.sleep(Math.min(waitMs, timeoutMs))
    if (answer.kind === 'reset') return { kind: 'failed', reason: 'reset' }
    if (answer.kind !== 'answer' || answer.afterMs >= timeoutMs) return { kind: 'failed', reason: 'timeout' }
    return { kind: 'answered', status: answer.status, body: answer.body }
  }
  const post: DispatchPorts['post'] = async (request, signals) => {
    onCall(signals[0]?.connectionId as string, ++calls)
    try {
      return await (options.post ?? fromSimulator)(request)
    } finally {
      answered++
    }
  }
  const breakerStore = options.breakerStore ?? new MemoryBreakerStore()
  let aheadMs = 0
  const perSecond = options.limits ?? { app: 1_000_000, advertiser: 1_000_000 }
  const ports: DispatchPorts = {
    destination,
    codec: { decode: () => signal() as never },
    clock,
    timers: clock,
    ...(options.post ? {} : { afterPendingInput: (task: () => void) => void time.after(0, task) }),
    metrics: uncounted,
    log: silent,
    sentLog,
    breakerStore,
    tokenBuckets: new MemoryRateLimits({
      app: limitOf(perSecond.app),
      advertiser: limitOf(perSecond.advertiser),
      now: () => clock.now() + aheadMs,
    }),
    connectionOf: (id) => connections.get(id),
    tokens: { of: (_id, sealed) => sealed.toString() },
    tokenRefusals: {
      refused: (connection) => refused.has(connection),
      markReconnect: async (connection, code) => {
        refused.add(connection)
        reconnected.push([connection.connectionId, code])
      },
    },
    suppressions: { hasMark: (mark) => mark !== undefined && suppressed.has(mark) },
    post,
  }
  const settings: DispatchSettings = {
    eventsPerCall: options.eventsPerCall ?? 50,
    concurrency: 4,
    maxCalls: 16,
    slowAfterMs: 15,
    timeoutMs,
    // Constant: the world's calls must not change what counts as slow.
    batchTimeout: { now: options.batchTimeoutMs ?? batchTimeoutMs, observe: () => {} },
    detachedMs,
    waitScale: 1,
    expireMs: 28 * dayMs,
    warnMs: 7 * dayMs,
  }
  const { stage, scheduler, breakers } = wireDispatch(ports, settings)

  /** Runs a batch from `topic`; one word per signal: the outcome, `deferred 10s reason` or `parked reason`. */
  const run = async (
    signals: readonly Signal[],
    {
      topic = 'signals.v1',
      attempt = 1,
      now = noon + 1_000,
      save = true,
      headers = {},
    }: { topic?: string; attempt?: number; now?: number; save?: boolean; headers?: Headers } = {},
  ) => {
    const batch = signals.map(
      (value, index): Input<Signal> => ({
        value,
        attempt,
        record: consumedRecord({ topic, offset: BigInt(index), headers }),
      }),
    )
    const state = await until(stage.load(batch, now))
    const { outcomes, changes } = stage.decide(batch, { state, now })
    // Without it the process dies after it has published.
    if (save) await stage.save(changes)
    return { outcomes, words: outcomes.map((outcome) => word(outcome as Outcome)) }
  }

  return {
    suppressed,
    run,
    stage,
    /** Resolves when no call is under way. */
    drained: () => until(scheduler.drained()),
    sentLog,
    buckets,
    breakers,
    breakerStore,
    tokenBuckets: ports.tokenBuckets,
    /** Moves the limits' clock on, ms. */
    limitsLater: (ms: number) => {
      aheadMs += ms
    },
    connections,
    reconnected,
    connect: (connectionId: string, fields: Partial<ConnectionRecord> = {}) =>
      connections.set(
        connectionId,
        connectionRecord({
          connectionId,
          eventSetId: `set-${connectionId}`,
          advertiserId: `advertiser-${connectionId}`,
          accessToken: Buffer.from(`token-${connectionId}`),
          ...fields,
        }),
      ),
    fault: (fault: Partial<Fault>) => simulator.faults.add(faultSchema.parse(fault)),
    clearFaults: () => simulator.faults.clear(),
    onCall: (hook: typeof onCall) => {
      onCall = hook
    },
    /** Calls without an answer yet. */
    underWay: () => calls - answered,
    /** Ids that the simulator has accepted, each once. */
    acceptedIds: () =>
      simulator.store
        .events(0, 10_000)
        .filter(({ duplicate }) => !duplicate)
        .map(({ event }) => event.event_id),
    repeats: () => simulator.store.stats().duplicates,
    /** Test codes of what the simulator received, each once; undefined: none. */
    testCodes: () => [
      ...new Set(simulator.store.events(0, 10_000).map(({ testEventCode }) => testEventCode ?? undefined)),
    ],
    /** Events per call, in the order of the calls. */
    callSizes: () => simulator.store.calls(0, 10_000).map(({ events }) => events),
  }
}

const word = (outcome: Outcome): string => {
  switch (outcome.kind) {
    case 'forwarded':
      return outcome.records.map(({ value }) => (value as { outcome: string }).outcome).join()
    case 'deferred':
      return `deferred ${outcome.delay} ${outcome.reason}${outcome.attempted ? '' : ' untried'}`
    case 'parked':
      return `parked ${outcome.reason}`
    case 'dropped':
      return `dropped ${outcome.reason}`
    default:
      return outcome.kind
  }
}
