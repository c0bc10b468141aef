/**
 * Builds the stage from its ports. main.ts passes Redis, HTTP and the system clock; the tests' world passes fakes and gets the same
 * stage. This file and config.ts are the only ones outside `destinations/tiktok/` that name TikTok's files.
 */
import type { Logger } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics/metrics.ts'
import type { Clock, RedisCommands, Timers } from '../runtime/ports.ts'
import type { Codec } from '../runtime/topics/codec.ts'
import type { ConnectionRecord } from '../shared/model/connection-record.ts'
import type { Signal } from '../shared/model/topic-values.ts'
import type { SuppressionCheck } from '../shared/persons/suppressions.ts'
import { logBreakerMoves } from './circuit-breaker/gauges.ts'
import type { BreakerStore } from './circuit-breaker/redis-store.ts'
import { BreakerRegistry } from './circuit-breaker/registry.ts'
import { DeliveryScheduler } from './delivery/delivery-scheduler.ts'
import type { Call } from './delivery/delivery-tools.ts'
import { eligibilityOf } from './delivery/eligibility.ts'
import { RttEstimator } from './delivery/rtt-estimator.ts'
import type { TokenRefusals } from './delivery/token-refusal.ts'
import type { Tokens } from './delivery/tokens.ts'
import type { Answer, CallRequest, Destination } from './destinations/destination.ts'
import { loadProfile, tiktokDestination } from './destinations/tiktok/index.ts'
import { AdaptiveConcurrency } from './limits/adaptive-concurrency.ts'
import { RateLimiter } from './limits/rate-limiter.ts'
import { RedisTokenBuckets, type TokenBuckets } from './limits/redis-token-buckets.ts'
import { Semaphore } from './limits/semaphore.ts'
import { Throttling } from './limits/throttling.ts'
import { limitOf } from './limits/token-bucket.ts'
import type { SentLog } from './sent-log/sent-log.ts'
import { dispatch } from './stage.ts'

/** Concurrent calls in all, slow ones included: as many sockets. */
export const maxCalls = 256
/** A call that takes longer gives up its slot, ms. */
const slowAfterMs = 250
/** With fewer concurrent calls, a single slow one would delay all. */
const minConcurrency = 4

export interface DispatchPorts {
  readonly destination: Destination
  readonly codec: Pick<Codec, 'decode'>
  readonly clock: Clock
  readonly timers: Pick<Timers, 'after'>
  /** Default: after two turns of the event loop, so that it reads the sockets first. */
  afterPendingInput?(task: () => void): void
  readonly metrics: Pick<Metrics, 'count' | 'set' | 'observe'>
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
  readonly sentLog: SentLog
  readonly breakerStore: BreakerStore
  readonly tokenBuckets: TokenBuckets
  connectionOf(id: string): ConnectionRecord | undefined
  readonly tokens: Pick<Tokens, 'of'>
  readonly tokenRefusals: TokenRefusals
  /** Unset: none. */
  readonly suppressions?: Pick<SuppressionCheck, 'hasMark'>
  /** One HTTP call to the destination. @param signals that it carries, for traces */
  post(request: CallRequest, signals: readonly Signal[]): Promise<Answer>
}

export interface DispatchSettings {
  readonly eventsPerCall: number
  /** Most concurrent calls that keep a slot. */
  readonly concurrency: number
  readonly maxCalls?: number
  readonly slowAfterMs?: number
  /** Time-out of one call, ms. */
  readonly timeoutMs: number
  /** How long a batch waits for one call: at most so many ms, or always as an estimator says. */
  readonly batchTimeout: number | Pick<RttEstimator, 'now' | 'observe'>
  /** How long after the detachment calls may begin, ms. */
  readonly detachedMs: number
  /** Multiplies the breakers' cooldowns. */
  readonly waitScale: number
  readonly expireMs: number
  readonly warnMs: number
}

const afterPendingInput = (task: () => void) => {
  setImmediate(() => setImmediate(task))
}

/** @throws ConfigError when the wire profile is missing, wrong, or not for this host */
export const openDestination = (config: {
  readonly TIKTOK_WIRE_PROFILE?: string | undefined
  readonly TIKTOK_BASE_URL: string
}) => {
  const profile = loadProfile(config.TIKTOK_WIRE_PROFILE, config.TIKTOK_BASE_URL)
  return { destination: tiktokDestination(profile, config.TIKTOK_BASE_URL), profile }
}

/** @param config calls a second */
export const openTokenBuckets = (
  redis: Pick<RedisCommands, 'evalMany'>,
  config: { readonly DISPATCH_APP_RPS: number; readonly DISPATCH_ADVERTISER_RPS: number },
  keyPrefix: string,
): TokenBuckets => {
  const limits = { app: limitOf(config.DISPATCH_APP_RPS), advertiser: limitOf(config.DISPATCH_ADVERTISER_RPS) }
  return new RedisTokenBuckets(redis, limits, keyPrefix)
}

/** Metrics and log lines of each call, and the concurrency that follows from it. */
const callObserver =
  (
    { destination, metrics, log }: Pick<DispatchPorts, 'destination' | 'metrics' | 'log'>,
    rtt: Pick<RttEstimator, 'now'>,
    concurrency: AdaptiveConcurrency,
  ) =>
  ({ connectionId, events, judgement, ms, waited }: Call) => {
    const { verdict, code, reason } = judgement
    const failed = verdict === 'service' || verdict === 'throttled'
    // One connection's slow answers say nothing about the destination, so they count as the usual time at most.
    concurrency.observe({ connectionId, ms: Math.min(ms, rtt.now), failed, waited })
    metrics.count('signals_tiktok_calls_total', { verdict, code: destination.labelOf(judgement) })
    metrics.observe('signals_tiktok_call_seconds', {}, ms / 1000)
    if (verdict === 'unknown') log.error({ connectionId, code, events }, 'TikTok answers with a code not in the table')
    else if (verdict !== 'accepted') log.debug({ connectionId, code, reason, events }, 'call not accepted')
  }

export const wireDispatch = (ports: DispatchPorts, settings: DispatchSettings) => {
  const { destination, clock, timers, metrics, log, sentLog, tokenBuckets, tokenRefusals } = ports
  const { now } = clock
  const { batchTimeout, concurrency: max } = settings
  const timing = { scale: settings.waitScale, probeMs: settings.timeoutMs }
  const breakers = new BreakerRegistry(ports.breakerStore, timing, logBreakerMoves(metrics, log))
  const rateLimiter = new RateLimiter(tokenBuckets, (ms) => clock.sleep(ms))
  const throttling = new Throttling(tokenBuckets, now)
  const rtt = typeof batchTimeout === 'number' ? new RttEstimator(batchTimeout) : batchTimeout
  const slots = {
    size: max,
    max: settings.maxCalls ?? maxCalls,
    slowAfterMs: settings.slowAfterMs ?? slowAfterMs,
  }
  const semaphore = new Semaphore(slots, timers)
  const concurrency = new AdaptiveConcurrency({ min: Math.min(minConcurrency, max), max }, (limit) => {
    semaphore.resize(limit)
    metrics.set('signals_calls_side_by_side', {}, limit)
  })
  metrics.set('signals_calls_side_by_side', {}, max)
  // Initialised to 0 so that increase() sees the first event.
  metrics.count('signals_tiktok_calls_total', { verdict: 'unknown', code: 'other' }, 0)

  const eligibilityNow = (id: string) =>
    eligibilityOf(ports.connectionOf(id), ports.tokens, (connection) => tokenRefusals.refused(connection))
  const scheduler = new DeliveryScheduler({
    destination,
    eligibilityOf: eligibilityNow,
    post: (request, signals) => ports.post(request, signals),
    sentLog,
    markReconnect: (connection, code) => tokenRefusals.markReconnect(connection, code),
    breakers,
    rateLimiter,
    throttled: (connection, judgement) => throttling.apply(connection, judgement),
    rtt,
    semaphore,
    eventsPerCall: settings.eventsPerCall,
    detachedMs: settings.detachedMs,
    now,
    timers,
    afterPendingInput: ports.afterPendingInput ?? afterPendingInput,
    observe: callObserver(ports, rtt, concurrency),
    onFinal: ({ kind }, { outcome, isTest }) => {
      if (!isTest) metrics.count('signals_reported_total', { kind, outcome })
    },
  })
  const stage = dispatch({
    codec: ports.codec,
    sentLog,
    breakers,
    scheduler,
    eligibilityOf: eligibilityNow,
    parts: destination.parts,
    encodes: (signal) => destination.encodes(signal),
    ...(ports.suppressions ? { suppressions: ports.suppressions } : {}),
    expireMs: settings.expireMs,
    warnMs: settings.warnMs,
    onOld: (count) => {
      metrics.count('signals_old_total', {}, count)
      log.warn({ count, days: settings.warnMs / 86_400_000 }, 'signals are older than they should be')
    },
    onUnsent: ({ kind }, outcome) => metrics.count('signals_reported_total', { kind, outcome }),
  })
  return { stage, scheduler, breakers, rateLimiter }
}
