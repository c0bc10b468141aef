/** Dispatch against the simulator's own endpoint, in one process without a network: what TikTok was told is asserted there. */
import { BreakerRegistry } from '../../services/dispatch/circuit-breaker/registry.ts'
import { DeliveryScheduler } from '../../services/dispatch/delivery/delivery-scheduler.ts'
import { eligibilityOf } from '../../services/dispatch/delivery/eligibility.ts'
import { callEncoder, loadProfile, partsOf } from '../../services/dispatch/destinations/tiktok/index.ts'
import type { Answer } from '../../services/dispatch/destinations/tiktok/judge.ts'
import type { Profile } from '../../services/dispatch/destinations/tiktok/profile.ts'
import { RateLimiter } from '../../services/dispatch/limits/rate-limiter.ts'
import { Semaphore } from '../../services/dispatch/limits/semaphore.ts'
import { Throttling } from '../../services/dispatch/limits/throttling.ts'
import { limitOf } from '../../services/dispatch/limits/token-bucket.ts'
import { BucketSentLog } from '../../services/dispatch/sent-log/sent-log.ts'
import { dispatch } from '../../services/dispatch/stage.ts'
import { type Fault, Faults, faultSchema } from '../../services/local/simulator/faults.ts'
import { Store } from '../../services/local/simulator/store.ts'
import { type SimulatorState, track } from '../../services/local/simulator/track.ts'
import type { Outcome } from '../../services/runtime/batch/outcome.ts'
import type { Input } from '../../services/runtime/batch/stage.ts'
import type { Headers } from '../../services/runtime/ports.ts'
import type { ConnectionRecord } from '../../services/shared/model/connection-record.ts'
import type { Signal } from '../../services/shared/model/topic-values.ts'
import { connectionRecord, consumedRecord, noon, signal } from './builders.ts'
import { MemoryBreakerStore } from './memory-breaker-store.ts'
import { MemoryHourBuckets } from './memory-hour-buckets.ts'
import { MemoryRateLimits } from './memory-rate-limits.ts'

const dayMs = 86_400_000
const patienceMs = 40
/** No call begins later after its deferral. */
const detachedMs = 200
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
  patienceMs?: number
  /** In place of the simulator in this process. */
  post?(body: string, token: string): Promise<Answer>
  /** Of the breakers and limits; the calls themselves take real time. */
  now?(): number
}

export const openDispatch = (options: DispatchWorldOptions = {}) => {
  const now = options.now ?? Date.now
  const tiktok: SimulatorState = {
    store: new Store(10_000),
    faults: new Faults(),
    tokens: new Set(),
    now: () => noon + 1_000,
  }
  const connections = new Map<string, ConnectionRecord>()
  const buckets = options.buckets ?? new MemoryHourBuckets()
  const sentLog = new BucketSentLog(buckets)
  const profile = options.profile ?? loadProfile('simulator-1', 'http://localhost')
  const encode = callEncoder(profile)
  const parts = partsOf(profile)
  const reconnected: [string, number][] = []
  const refused = new Set<ConnectionRecord>()
  /** Called before each call reaches TikTok. */
  let onCall: (connectionId: string, call: number) => void = () => {}
  let calls = 0
  let answered = 0

  const post = async (connection: ConnectionRecord, token: string, signals: readonly Signal[]): Promise<Answer> => {
    onCall(connection.connectionId, ++calls)
    if (options.post) {
      return options.post(encode(connection.eventSetId, signals), token).finally(() => {
        answered++
      })
    }
    const answer = track(encode(connection.eventSetId, signals), token, tiktok)
    const wait = answer.kind === 'silence' ? timeoutMs : answer.afterMs
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(wait, timeoutMs)))
    answered++
    if (answer.kind === 'reset') return { kind: 'failed', reason: 'reset' }
    if (answer.kind !== 'answer' || answer.afterMs >= timeoutMs) return { kind: 'failed', reason: 'timeout' }
    return { kind: 'answered', status: answer.status, body: answer.body }
  }
  const eligibleNow = (id: string) =>
    eligibilityOf(connections.get(id), { of: (_id, sealed) => sealed.toString() }, (connection) =>
      refused.has(connection),
    )
  const breakerStore = options.breakerStore ?? new MemoryBreakerStore()
  const breakers = new BreakerRegistry(breakerStore, { scale: 1, probeMs: timeoutMs })
  let aheadMs = 0
  const perSecond = options.limits ?? { app: 1_000_000, advertiser: 1_000_000 }
  const limits = new MemoryRateLimits({
    app: limitOf(perSecond.app),
    advertiser: limitOf(perSecond.advertiser),
    now: () => Date.now() + aheadMs,
  })
  const throttling = new Throttling(limits, now)
  const scheduler = new DeliveryScheduler({
    eligibilityOf: eligibleNow,
    post,
    sentLog,
    markReconnect: async (connection, code) => {
      refused.add(connection)
      reconnected.push([connection.connectionId, code])
    },
    breakers,
    rateLimiter: new RateLimiter(limits, (ms) => new Promise((resolve) => setTimeout(resolve, ms))),
    throttled: (connection, { code }) => throttling.met(connection, code),
    rtt: { now: options.patienceMs ?? patienceMs, observe: () => {} },
    semaphore: new Semaphore({ size: 4, most: 16, slowAfterMs: 15 }),
    eventsPerCall: options.eventsPerCall ?? 50,
    detachedMs,
    now,
  })
  const stage = dispatch({
    codec: { decode: () => signal() as never },
    sentLog,
    breakers,
    scheduler,
    eligibilityOf: eligibleNow,
    ...(parts ? { parts } : {}),
    expireMs: 28 * dayMs,
    warnMs: 7 * dayMs,
  })

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
    const state = await stage.load(batch, now)
    const { outcomes, changes } = stage.decide(batch, { state, now })
    // Without it: the process dies after it has published.
    if (save) await stage.save(changes)
    return { outcomes, words: outcomes.map((outcome) => word(outcome as Outcome)) }
  }

  return {
    run,
    stage,
    scheduler,
    sentLog,
    buckets,
    breakers,
    breakerStore,
    /** The limits' clock goes on by so much. */
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
    fault: (fault: Partial<Fault>) => tiktok.faults.add(faultSchema.parse(fault)),
    clearFaults: () => tiktok.faults.clear(),
    onCall: (hook: typeof onCall) => {
      onCall = hook
    },
    /** Calls that TikTok has not answered yet. */
    underWay: () => calls - answered,
    /** Ids that TikTok holds, each once. */
    held: () =>
      tiktok.store
        .events(0, 10_000)
        .filter(({ duplicate }) => !duplicate)
        .map(({ event }) => event.event_id),
    repeats: () => tiktok.store.stats().duplicates,
    /** Events per call, in the order of the calls. */
    callSizes: () => tiktok.store.calls(0, 10_000).map(({ events }) => events),
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
