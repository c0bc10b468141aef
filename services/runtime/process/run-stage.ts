/** A stage as a service: reads the configuration, opens clients, builds the stage, consumes, and stops in reverse order. */
import type { z } from 'zod'
import { consumerGroup, consumerGroups, laterGroup } from '../../consumer-groups.ts'
import { failureTopics, laterTopic } from '../../derived-topics.ts'
import { failures } from '../../failures.ts'
import { type ConsumerStage, delays, type StageSpec, stages, topics } from '../../topology.ts'
import { openBroker } from '../adapters/kafka/index.ts'
import { openRedis } from '../adapters/redis.ts'
import { openRegistry } from '../adapters/registry/registry.ts'
import { DeadLetterLimitReached } from '../batch/dead-letter-limit.ts'
import { delayUntilDue } from '../batch/delay.ts'
import { createLoop } from '../batch/loop.ts'
import { onePerPartition } from '../batch/one-per-partition.ts'
import { PoisonGuard } from '../batch/poison/poison-guard.ts'
import { Releases } from '../batch/releases.ts'
import type { Stage } from '../batch/stage.ts'
import { systemClock } from '../clock.ts'
import { fields, kafkaSettings, loadConfig, masked, redisSettings, registrySettings } from '../config.ts'
import { Health } from '../health/health.ts'
import { Progress } from '../health/progress.ts'
import { Watchdog } from '../health/watchdog.ts'
import { endProcess, followKeyring } from '../keys/data-secret.ts'
import { type ConnectionPair, Envelopes } from '../keys/envelopes.ts'
import { signedBroker } from '../keys/signatures/signed-broker.ts'
import { Metrics } from '../metrics/metrics.ts'
import type { RunningConsumer } from '../ports.ts'
import { Codec } from '../topics/codec.ts'
import { followTables, type TableHandlers } from '../topics/follow-tables.ts'
import { startHeartbeat } from './heartbeat.ts'
import { instrumentedProducer, instrumentedRedis, instrumentedRegistry } from './instrumented-clients.ts'
import type { Service } from './lifecycle.ts'
import { reportRefusals } from './refused-records.ts'
import type { OnBatch, StageDeps } from './stage-deps.ts'
import { type StatusPage, serveStatus } from './status-server.ts'
import { openTracing } from './tracing.ts'

/** Interval at which a stage polls the broker for its own progress; each poll takes a few milliseconds. */
const pollIntervalMs = 5_000

/** A commit costs Kafka as much as a small batch, and each stage makes one per partition. A killed process repeats up to this much, ms. */
const commitIntervalMs = 100

/** One batch of a full slice is decided while another waits for IO. A batch costs the stage and the broker as much as some hundred records. */
const defaultRecordsUnderWay = 4_000

/** Low-priority topics are processed in small slices, one partition at a time, so that live traffic runs in between. */
const lowPrioritySliceRecords = 100
const lowPriorityConcurrency = 1

/** The longest delay that no release shortens. */
const shortDelayMs = delays['10s']

type Common = z.output<z.ZodObject<typeof fields>>
type Output<Shape extends z.ZodRawShape> = Common & z.output<z.ZodObject<Shape>>

export interface StageService<Shape extends z.ZodRawShape, In, State, Change> {
  readonly name: ConsumerStage
  /** Settings in addition to those of every stage. */
  readonly fields: Shape
  /** Multiplies the delays of the `later` topics; below 1 in rehearsals. */
  waitScale?(config: Output<Shape>): number
  /** STATUS_TOKEN, of a stage with pages for its bearers. */
  statusTokens?(config: Output<Shape>): readonly string[]
  /** Number of records in progress at one time, approximately; infinite for a stage that waits for others than Redis and Kafka. */
  readonly recordsUnderWay?: number
  build(deps: StageDeps<Output<Shape>>): Promise<Stage<In, State, Change>>
}

export const consumerStage = <Shape extends z.ZodRawShape, In, State, Change>(
  service: StageService<Shape, In, State, Change>,
): Service => ({
  name: service.name,
  run: async (lifecycle, log, env) => {
    const { name } = service
    const config = loadConfig({ ...fields, ...service.fields }, env) as Output<Shape>
    const common: Common = config
    log.info({ config: masked(config) }, 'configuration')
    const clock = systemClock
    const health = new Health(clock)
    const metrics = new Metrics(name)
    // Initialise to 0 so that increase() sees the first event.
    for (const reason of Object.keys(failures))
      metrics.count('signals_outcomes_total', { outcome: 'deadLettered', reason }, 0)
    const broker = openBroker(kafkaSettings(common, `signals-${name}`))
    const scale = service.waitScale?.(config) ?? 1
    const progress = new Progress({
      broker,
      groups: consumerGroups
        .filter(({ stage }) => stage === name)
        .map((spec) => ({ ...spec, delayMs: spec.delayMs * scale })),
      ...{ clock, health, metrics, log },
      watchdog: common.WATCHDOG_SECONDS > 0 ? new Watchdog(common.WATCHDOG_SECONDS * 1000) : null,
      onSilence: (why) => lifecycle.crash(why),
    })
    const pages: Record<string, StatusPage> = {}
    const bind = common.METRICS_BIND_ADDRESS ?? common.BIND_ADDRESS
    const status = await serveStatus(
      { port: common.METRICS_PORT, host: bind },
      metrics,
      () => health.report(),
      () => progress.refresh(),
      pages,
    )
    lifecycle.onStop('status', status.close)

    const tracer = await openTracing(name, metrics, env)
    if (tracer) lifecycle.onStop('tracing', () => tracer.close())
    lifecycle.onStop('broker', () => broker.close())
    const redis = instrumentedRedis(openRedis(redisSettings(common)), metrics)
    lifecycle.onStop('redis', () => redis.close())
    // Before Kafka answers, so that a process that waits for it is known too.
    const heartbeat = startHeartbeat({
      ...{ name, redis, clock, log, partitions: () => progress.partitions() },
      listener: { given: common.STATUS_ADDRESS, bind, port: status.port },
      statusTokens: service.statusTokens?.(config) ?? [],
    })
    lifecycle.onStop('heartbeat', heartbeat)
    const registry = instrumentedRegistry(openRegistry(registrySettings(common)), metrics)
    const codec = await lifecycle.untilUp(clock, () =>
      Codec.open(registry, clock, [...stages[name].writes, ...stages[name].follows], failureTopics(name)),
    )
    const onRefused = reportRefusals(metrics, log)
    const { keyring, commonPairs, signing, ...secret } = await lifecycle.untilUp(clock, () =>
      followKeyring(common, { broker, codec, health, onRefused, holder: name, onError: endProcess }),
    )
    lifecycle.onStop('data secret', () => secret.stop())
    const signed = signedBroker(broker, { signing: async () => signing, onRefused })
    const producer = instrumentedProducer(await lifecycle.untilUp(clock, () => signed.producer()), metrics)
    lifecycle.onStop('producer', () => producer.close())

    const follow = async (handlers: TableHandlers) => {
      const following = await lifecycle.untilUp(clock, () =>
        followTables(handlers, { broker: signed, codec, health, log }),
      )
      lifecycle.onStop('tables', () => following.stop())
    }
    let connectionPair: (id: string) => ConnectionPair | undefined = () => undefined
    const envelopes = new Envelopes({
      ...{ keyring, commonPairs },
      now: () => clock.now(),
      connectionPair: (id) => connectionPair(id),
    })
    const useConnections = (lookUp: typeof connectionPair) => {
      connectionPair = lookUp
    }
    let wrapped = (onBatch: OnBatch) => onBatch
    const around = (wrap: typeof wrapped) => {
      wrapped = wrap
    }
    const assigned: (() => void)[] = []
    const releases = new Releases()
    const deps = {
      config,
      keyring,
      envelopes,
      useConnections,
      forgetConnection: (id: string) => {
        keyring.forgetConnection(id)
        envelopes.forget(id)
      },
      broker: signed,
      onAssigned: (callback: () => void) => void assigned.push(callback),
      ...{ codec, producer, redis, clock, metrics, health, log, lifecycle, follow, around, tracer, pages, releases },
    }
    const stage = await service.build(deps)

    const previous = { end: common.SIGNALS_PREVIOUS_END, life: common.SIGNALS_PREVIOUS_LIFE }
    const poison = new PoisonGuard({ redis, stage: name, previous, life: common.SIGNALS_LIFE, log })
    const sharesSlices = service.recordsUnderWay === undefined
    const tools = { producer, codec, keyring, envelopes, clock, metrics, log, health, tracer, poison, sharesSlices }
    const loop = createLoop(stage, tools)
    // After the consumers have stopped. What an error left unfinished stays noted.
    lifecycle.onStop('records in work', (failed) => (failed ? undefined : poison.close()))
    const consumers: RunningConsumer[] = []
    // Concurrently: each consumer waits for its batch and its last long poll.
    lifecycle.onStop('consumers', () => Promise.all(consumers.map((consumer) => consumer.stop())))
    const consume = async (
      group: string,
      topicNames: readonly string[],
      onBatch: typeof loop,
      concurrency?: number,
    ) => {
      let logged: 'up' | 'down' | undefined
      const consumer = await lifecycle.untilUp(clock, () =>
        broker.consume({
          group,
          topics: topicNames,
          from: 'earliest',
          ...(concurrency ? { concurrency } : {}),
          commitIntervalMs,
          recordsUnderWay: service.recordsUnderWay ?? defaultRecordsUnderWay,
          ...(common.KAFKA_INSTANCE_ID === undefined ? {} : { instanceId: common.KAFKA_INSTANCE_ID }),
          onBatch,
          onConnection: (state, reason) => {
            health.connection(state, group)
            // Log changes only: while Kafka is away, every attempt to join fails.
            if (state !== logged) log[state === 'up' ? 'info' : 'warn']({ group, state, reason }, 'consumer')
            logged = state
          },
          onAssigned: (partitions) => {
            for (const callback of assigned) callback()
            progress.assigned(group, partitions)
            poison.assigned(topicNames, partitions)
          },
        }),
      )
      consumers.push(consumer)
      consumer.ended.catch((error: unknown) => {
        if (error instanceof DeadLetterLimitReached) {
          // Stay up and unhealthy instead of exiting: a restart would reset the limit and let thousands more through.
          log.fatal({ why: error.message }, 'halted')
          health.to('halted', 'dead-letter limit')
          return
        }
        throw error
      })
    }
    lifecycle.signal.addEventListener('abort', () => health.to('stopping'))
    const spec: StageSpec = stages[name]
    const main = topics[spec.reads].name
    const deferred = spec.delays.map((delay) => ({
      group: laterGroup(name, delay),
      topic: laterTopic(name, delay),
      onBatch: delayUntilDue(loop, delays[delay] * scale, clock, {
        after: spec.waitsWithMain ? main : undefined,
        // 10 s pass by themselves, and a call may be under way meanwhile for what waits so long.
        releases: spec.waitsWithMain || delays[delay] <= shortDelayMs ? undefined : releases,
      }),
    }))
    for (const lane of spec.lowPriorityReads ?? []) {
      const onBatch = createLoop(stage, { ...tools, sliceRecords: lowPrioritySliceRecords })
      await consume(lane.group, [lane.topic], onBatch, lowPriorityConcurrency)
    }
    if (spec.waitsWithMain) {
      const byTopic = new Map(deferred.map(({ topic, onBatch }) => [topic, onBatch]))
      const route: typeof loop = (batch) => (byTopic.get(batch.topic) ?? wrapped(loop))(batch)
      await consume(consumerGroup(name), [main, ...byTopic.keys()], onePerPartition(route))
    } else {
      await consume(consumerGroup(name), [main], wrapped(loop))
      for (const { group, topic, onBatch } of deferred) await consume(group, [topic], onBatch)
    }
    health.to('running')
    lifecycle.onStop('progress', progress.start(pollIntervalMs))
    log.info({ metrics: `http://127.0.0.1:${status.port}/metrics` }, 'running')
  },
})
