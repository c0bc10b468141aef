import { openHttp } from '../runtime/adapters/http.ts'
import type { Input } from '../runtime/batch/stage.ts'
import { runConsumerStage } from '../runtime/process/run-stage.ts'
import { ConnectionDirectory } from '../shared/connections/directory.ts'
import { ConnectionWriter } from '../shared/connections/writer.ts'
import type { ConnectionRecord } from '../shared/model/connection-record.ts'
import type { Signal } from '../shared/model/topic-values.ts'
import { openBreakers } from './circuit-breaker/open.ts'
import { behindMsOf, dispatchFields } from './config.ts'
import { CallTraces } from './delivery/call-trace.ts'
import { DeliveryScheduler } from './delivery/delivery-scheduler.ts'
import { eligibilityOf, Tokens } from './delivery/eligibility.ts'
import { observeEndToEnd } from './delivery/end-to-end.ts'
import { linger } from './delivery/linger.ts'
import { RttEstimator } from './delivery/rtt-estimator.ts'
import { TopicTokenRefusals } from './delivery/token-refusal.ts'
import { codes } from './destinations/tiktok/codes.ts'
import { callEncoder, loadProfile, partsOf, tokenHeader, trackPath } from './destinations/tiktok/index.ts'
import { AdaptiveConcurrency } from './limits/adaptive-concurrency.ts'
import { RateLimiter } from './limits/rate-limiter.ts'
import { RedisTokenBuckets } from './limits/redis-token-buckets.ts'
import { Semaphore } from './limits/semaphore.ts'
import { Throttling } from './limits/throttling.ts'
import { limitOf } from './limits/token-bucket.ts'
import { parkedOf } from './parked/parked-signals.ts'
import { Unparker } from './parked/unparker.ts'
import { openSentLog } from './sent-log/open.ts'
import { dispatch } from './stage.ts'

const dayMs = 86_400_000
/** Calls at one time in all, slow ones included; bounds sockets. */
const mostCalls = 256
/** A call that takes longer gives its place to the next one. */
const slotMs = 250
/** Fewer calls side by side than this, and a single slow one is felt by all. */
const fewestCalls = 4

runConsumerStage({
  name: 'dispatch',
  fields: dispatchFields,
  waitScale: ({ DISPATCH_WAIT_SCALE }) => DISPATCH_WAIT_SCALE,
  build: async ({
    config,
    codec,
    keyring,
    redis,
    broker,
    producer,
    clock,
    metrics,
    health,
    log,
    lifecycle,
    follow,
    around,
    tracer,
  }) => {
    const detachedMs = behindMsOf(config)
    const profile = loadProfile(config.TIKTOK_WIRE_PROFILE, config.TIKTOK_BASE_URL)
    const encodeCall = callEncoder(profile)
    const parts = partsOf(profile)
    log.info({ profile: profile.name, version: profile.version }, 'wire profile')
    const http = openHttp(`${config.TIKTOK_BASE_URL.replace(/\/+$/, '')}${trackPath}`, { sockets: mostCalls })
    lifecycle.onStop('http', () => http.close())

    const directory = new ConnectionDirectory()
    const tokens = new Tokens((sealed) => keyring.unwrap(sealed))
    const writer = new ConnectionWriter({ directory, codec, producer, clock })
    const reconnects = new TopicTokenRefusals({
      writer,
      onMark: (connectionId, code) =>
        log.warn({ connectionId, code }, 'TikTok refuses the token: connection to reconnect'),
    })
    const unparker = new Unparker({
      broker,
      producer,
      clock,
      byId: (id) => directory.byId(id),
      onMoved: (counts) => log[counts.moved > 0 ? 'info' : 'debug'](counts, 'parked signals looked through'),
    })
    const apply = (id: string, record: ConnectionRecord | null) => {
      const applied = directory.apply(id, record)
      writer.followed(id)
      if (applied === 'stale') return
      if (!record || record.status === 'disconnected') tokens.forget(id)
      if (!record || record.status === 'active' || record.status === 'disconnected') unparker.changed()
    }
    await follow({ connections: apply })

    const sentLog = openSentLog({
      redis,
      broker,
      codec,
      clock,
      metrics,
      health,
      log,
      signal: lifecycle.signal,
      keepMs: config.DISPATCH_SENT_MARK_DAYS * dayMs,
    })
    await lifecycle.untilUp(clock, () => sentLog.ensureComplete())
    const eligibleNow = (id: string) =>
      eligibilityOf(directory.byId(id), tokens, (connection) => reconnects.refused(connection))
    const timing = { scale: config.DISPATCH_WAIT_SCALE, probeMs: config.DISPATCH_TIMEOUT_MS }
    const { breakers, stop } = openBreakers({ redis, clock, metrics, log, timing })
    lifecycle.onStop('gauges', stop)
    const limits = new RedisTokenBuckets(redis, {
      app: limitOf(config.DISPATCH_APP_RPS),
      advertiser: limitOf(config.DISPATCH_ADVERTISER_RPS),
    })
    const rateLimiter = new RateLimiter(limits, (ms) => clock.sleep(ms))
    const throttling = new Throttling(limits, clock.now)
    const rtt = new RttEstimator(config.DISPATCH_PATIENCE_MS)
    const semaphore = new Semaphore({ size: config.DISPATCH_CONCURRENCY, most: mostCalls, slowAfterMs: slotMs })
    const bounds = { least: Math.min(fewestCalls, config.DISPATCH_CONCURRENCY), most: config.DISPATCH_CONCURRENCY }
    metrics.set('signals_calls_side_by_side', {}, bounds.most)
    // There from the beginning: a counter that is born with its first event shows no increase.
    metrics.count('signals_tiktok_calls_total', { verdict: 'unknown', code: 'other' }, 0)
    const concurrency = new AdaptiveConcurrency(bounds, (limit) => {
      semaphore.resize(limit)
      metrics.set('signals_calls_side_by_side', {}, limit)
    })
    around((onBatch) =>
      linger(
        onBatch,
        {
          lingerMs: config.DISPATCH_LINGER_MS,
          enough: config.DISPATCH_EVENTS_PER_CALL,
          isScarce: () => rateLimiter.isScarce,
        },
        clock,
      ),
    )
    const traces = tracer ? new CallTraces(tracer) : null
    const scheduler = new DeliveryScheduler({
      eligibilityOf: eligibleNow,
      sentLog,
      breakers,
      rateLimiter,
      rtt,
      semaphore,
      detachedMs,
      markReconnect: (connection, code) => reconnects.markReconnect(connection, code),
      throttled: (connection, { code }) => throttling.met(connection, code),
      eventsPerCall: config.DISPATCH_EVENTS_PER_CALL,
      now: clock.now,
      post: (connection: ConnectionRecord, token: string, signals: readonly Signal[]) => {
        const call = () =>
          http.post({
            headers: { 'content-type': 'application/json', [tokenHeader]: token },
            body: encodeCall(connection.eventSetId, signals),
            timeoutMs: config.DISPATCH_TIMEOUT_MS,
          })
        return traces ? traces.call(signals, call) : call()
      },
      observe: ({ connectionId, events, judgement: { verdict, code, reason }, ms, waited }) => {
        const label = code === null ? reason : codes[code] ? String(code) : 'other'
        const failed = verdict === 'service' || verdict === 'throttled'
        // One connection's slow answers say nothing about TikTok: counted up to what is usual.
        concurrency.observe({ connectionId, ms: Math.min(ms, rtt.now), failed, waited })
        metrics.count('signals_tiktok_calls_total', { verdict, code: label })
        metrics.observe('signals_tiktok_call_seconds', {}, ms / 1000)
        if (verdict === 'unknown')
          log.error({ connectionId, code, events }, 'TikTok answers with a code not in the table')
        else if (verdict !== 'accepted') log.debug({ connectionId, code, reason, events }, 'call not accepted')
      },
      onFinal: ({ kind }, { outcome }) => metrics.count('signals_reported_total', { kind, outcome }),
    })
    lifecycle.onStop('calls', () => scheduler.close())

    const parked = await lifecycle.untilUp(clock, () => unparker.start())
    lifecycle.onStop('parked', () => parked.stop())
    parked.ended.catch((error: unknown) => {
      throw error
    })

    const stage = dispatch({
      codec,
      sentLog,
      breakers,
      scheduler,
      eligibilityOf: eligibleNow,
      ...(parts ? { parts } : {}),
      expireMs: config.DISPATCH_EXPIRE_DAYS * dayMs,
      warnMs: config.DISPATCH_WARN_DAYS * dayMs,
      onOld: (count) => {
        metrics.count('signals_old_total', {}, count)
        log.warn({ count, days: config.DISPATCH_WARN_DAYS }, 'signals are older than they should be')
      },
      onUnsent: ({ kind }, outcome) => metrics.count('signals_reported_total', { kind, outcome }),
    })
    const observe = observeEndToEnd(metrics)
    return {
      ...(traces ? traces.around(stage) : stage),
      onProcessed: (batch: readonly Input<Signal>[], outcomes) => {
        observe(batch, outcomes)
        unparker.parked(parkedOf(batch, outcomes))
      },
    }
  },
})
