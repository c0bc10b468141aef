import { consumerGroups } from '../consumer-groups.ts'
import { openHttp } from '../runtime/adapters/http.ts'
import { checkpointed, repairIdle } from '../runtime/batch/checkpoints/checkpointed-stage.ts'
import { openCheckpoints } from '../runtime/batch/checkpoints/open.ts'
import { pollForLosses } from '../runtime/batch/checkpoints/poll.ts'
import { sharedRebuild } from '../runtime/batch/checkpoints/shared-rebuild.ts'
import type { Input } from '../runtime/batch/stage.ts'
import { consumerStage } from '../runtime/process/run-stage.ts'
import { hashTags } from '../runtime/time-buckets/bucket-calls.ts'
import { ConnectionDirectory } from '../shared/connections/directory.ts'
import { requestSender } from '../shared/connections/requests/send.ts'
import type { ConnectionRecord } from '../shared/model/connection-record.ts'
import type { Signal } from '../shared/model/topic-values.ts'
import { Suppressions } from '../shared/persons/suppressions.ts'
import { pollBreakerGauges } from './circuit-breaker/gauges.ts'
import { RedisBreakerStore } from './circuit-breaker/redis-store.ts'
import { detachedMsOf, dispatchFields } from './config.ts'
import { CallTraces } from './delivery/call-trace.ts'
import { linger } from './delivery/linger.ts'
import { TopicTokenRefusals } from './delivery/token-refusal.ts'
import { Tokens } from './delivery/tokens.ts'
import { parkedOf } from './parked/parked-signals.ts'
import { Unparker } from './parked/unparker.ts'
import { Retries, type RetryTools } from './retries.ts'
import { openSentLog } from './sent-log/open.ts'
import { observeEndToEnd } from './signal/end-to-end.ts'
import { maxCalls, openDestination, openTokenBuckets, wireDispatch } from './wiring.ts'

const dayMs = 86_400_000

export const dispatchService = consumerStage({
  name: 'dispatch',
  fields: dispatchFields,
  recordsUnderWay: Number.POSITIVE_INFINITY,
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
    ...deps
  }) => {
    const detachedMs = detachedMsOf(config)
    const { destination, profile } = openDestination(config)
    const { keyPrefix } = destination
    log.info({ profile: profile.name, version: profile.version }, 'wire profile')
    const http = openHttp(destination.url, { sockets: maxCalls })
    lifecycle.onStop('http', () => http.close())

    const directory = new ConnectionDirectory()
    deps.useConnections((id) => directory.byId(id))
    const tokens = new Tokens((sealed, context) => keyring.unwrap(sealed, context))
    const tokenRefusals = new TopicTokenRefusals({
      send: requestSender(producer, codec),
      now: clock.now,
      onMark: (connectionId, code) =>
        log.warn({ connectionId, code }, 'TikTok refuses the token: connection to reconnect'),
    })
    const unparker = new Unparker({
      broker,
      producer,
      clock,
      timers: clock,
      byId: (id) => directory.byId(id),
      onMoved: (counts) => log[counts.moved > 0 ? 'info' : 'debug'](counts, 'swept the parked signals'),
    })
    const retries = new Retries()
    const apply = (id: string, record: ConnectionRecord | null) => {
      const applied = directory.apply(id, record)
      if (applied === 'stale') return
      if (record?.status === 'active') retries.apply(record)
      if (!record || record.status === 'disconnected') {
        tokens.forget(id)
        deps.forgetConnection(id)
      }
      if (!record || record.status === 'active' || record.status === 'disconnected') unparker.changed()
    }
    const suppressions = new Suppressions(keyring)
    await deps.follow({
      connections: apply,
      suppressions: (mark, record) => suppressions.apply(mark, record),
    })

    const keepMs = config.DISPATCH_SENT_MARK_DAYS * dayMs
    const { signal } = lifecycle
    const sentLog = openSentLog({ redis, broker, codec, clock, metrics, health, log, signal, keepMs, keyPrefix })
    await lifecycle.untilUp(clock, () => sentLog.ensureComplete())
    const rebuild = sharedRebuild(redis, (since) => sentLog.restoreSince(since))
    const checkpoints = new Map(
      consumerGroups
        .filter(({ stage, lane }) => stage === 'dispatch' && lane !== 'parked')
        .map(({ group, topic }) => {
          const name = `${keyPrefix}${topic}`
          return [topic, openCheckpoints({ redis, broker, name, tags: hashTags }, { group, topics: [topic] })]
        }),
    )
    deps.onAssigned(() => {
      for (const one of checkpoints.values()) one.assigned()
    })
    const poll = pollForLosses(clock, async () => {
      for (const one of checkpoints.values()) await repairIdle(one, { redis, rebuild })
    })
    lifecycle.onStop('poll for lost sent records', poll)
    const breakerStore = new RedisBreakerStore(redis, keyPrefix)
    lifecycle.onStop('gauges', pollBreakerGauges({ store: breakerStore, clock, timers: clock, metrics }))
    const tokenBuckets = openTokenBuckets(redis, config, keyPrefix)
    const traces = deps.tracer ? new CallTraces(deps.tracer) : null
    const timeoutMs = config.DISPATCH_TIMEOUT_MS

    const { stage, scheduler, breakers, rateLimiter } = wireDispatch(
      {
        ...{ destination, codec, clock, timers: clock, metrics, log },
        ...{ sentLog, breakerStore, tokenBuckets },
        ...{ connectionOf: (id) => directory.byId(id), tokens, tokenRefusals, suppressions },
        post: ({ headers, body }, signals) => {
          const call = () => http.post({ headers, body, timeoutMs })
          return traces ? traces.call(signals, call) : call()
        },
      },
      {
        eventsPerCall: config.DISPATCH_EVENTS_PER_CALL,
        concurrency: config.DISPATCH_CONCURRENCY,
        timeoutMs,
        batchTimeout: config.DISPATCH_PATIENCE_MS,
        detachedMs,
        waitScale: config.DISPATCH_WAIT_SCALE,
        expireMs: config.DISPATCH_EXPIRE_DAYS * dayMs,
        warnMs: config.DISPATCH_WARN_DAYS * dayMs,
      },
    )
    lifecycle.onStop('calls', () => scheduler.close())
    const lingering = {
      lingerMs: config.DISPATCH_LINGER_MS,
      enough: config.DISPATCH_EVENTS_PER_CALL,
      isScarce: () => rateLimiter.isScarce,
    }
    deps.around((onBatch) => linger(onBatch, lingering, clock))

    const onRetry = (connectionId: string) => log.info({ connectionId }, 'tries waiting signals again, as asked')
    const untilUp: RetryTools['untilUp'] = (work) => lifecycle.untilUp(clock, work)
    await retries.start({ broker, breakers, releases: deps.releases, clock, untilUp, onRetry })
    const parked = await lifecycle.untilUp(clock, () => unparker.start())
    lifecycle.onStop('parked', () => parked.stop())
    parked.ended.catch((error: unknown) => {
      throw error
    })

    const observe = observeEndToEnd(metrics)
    const checkpointsOf = (topic: string) => checkpoints.get(topic) ?? null
    return {
      ...checkpointed(traces ? traces.around(stage) : stage, { redis, checkpointsOf, writes: 'save', rebuild }),
      onProcessed: (batch: readonly Input<Signal>[], outcomes) => {
        observe(batch, outcomes)
        unparker.parked(parkedOf(batch, outcomes))
      },
    }
  },
})
