/** What every stage's main does: read config, open clients, build the stage, run it, stop in reverse order. */
import type { z } from 'zod'
import { consumerGroup, consumerGroups, laterGroup } from '../../consumer-groups.ts'
import {
  type ConsumerStage,
  deadLetterTopic,
  delays,
  laterTopic,
  type StageSpec,
  stages,
  topics,
} from '../../topology.ts'
import { openBroker } from '../adapters/kafka/index.ts'
import { openRedis } from '../adapters/redis.ts'
import { openRegistry } from '../adapters/registry.ts'
import { DeadLetterLimitReached } from '../batch/dead-letter-limit.ts'
import { delayUntilDue } from '../batch/delay.ts'
import { createLoop } from '../batch/loop.ts'
import { onePerPartition } from '../batch/one-per-partition.ts'
import type { Stage } from '../batch/stage.ts'
import { systemClock } from '../clock.ts'
import { fields, loadConfig, masked } from '../config.ts'
import { failures } from '../failures.ts'
import { Health } from '../health/health.ts'
import { Progress } from '../health/progress.ts'
import { Watchdog } from '../health/watchdog.ts'
import { endProcess, followKeyring } from '../keys/data-secret.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Logger } from '../log.ts'
import { Metrics } from '../metrics/metrics.ts'
import type { Broker, Clock, Producer, RecordBatch, RedisCommands, RunningConsumer, Timers } from '../ports.ts'
import { Codec } from '../topics/codec.ts'
import { followTables, type TableHandlers } from '../topics/follow-tables.ts'
import { openTracing } from '../tracing/service.ts'
import type { Tracer } from '../tracing/tracer.ts'
import { instrumentedProducer, instrumentedRedis, instrumentedRegistry } from './instrumented-clients.ts'
import { type Lifecycle, main } from './lifecycle.ts'
import { serveStatus } from './status-server.ts'

/** How often a stage looks at the broker for its own progress: a few milliseconds each. */
const pollIntervalMs = 5_000

/** What a stage may be built from. */
export interface StageDeps<Config> {
  readonly config: Config
  readonly keyring: Keyring
  readonly codec: Codec
  readonly broker: Broker
  readonly producer: Producer
  readonly redis: RedisCommands
  readonly clock: Clock & Timers
  readonly metrics: Metrics
  readonly health: Health
  readonly log: Logger
  readonly lifecycle: Lifecycle
  /** null: nothing is traced. */
  readonly tracer: Tracer | null
  /** Reads the topics whole, then follows them; resolves when the first reading is complete. */
  follow(handlers: TableHandlers): Promise<void>
  /** Puts something around how batches of the stage's topic are handled; those of its later topics are not touched. */
  around(wrap: (onBatch: OnBatch) => OnBatch): void
}

type OnBatch = (batch: RecordBatch) => Promise<{ processed: number; pauseMs: number }>

/** A lane works in small pieces, one partition at a time: between two of them live traffic has its turn. */
const laneSlice = 100
const laneConcurrency = 1

type Common = z.output<z.ZodObject<typeof fields>>
type Output<Shape extends z.ZodRawShape> = Common & z.output<z.ZodObject<Shape>>

export interface StageService<Shape extends z.ZodRawShape, In, State, Change> {
  readonly name: ConsumerStage
  /** Settings beyond those that every stage has. */
  readonly fields: Shape
  /** Multiplies the waits of the later topics: below 1 in rehearsals. */
  waitScale?(config: Output<Shape>): number
  build(deps: StageDeps<Output<Shape>>): Promise<Stage<In, State, Change>>
}

export const runConsumerStage = <Shape extends z.ZodRawShape, In, State, Change>(
  service: StageService<Shape, In, State, Change>,
): void => {
  const { name } = service
  main(name, async (lifecycle, log) => {
    const config = loadConfig({ ...fields, ...service.fields }, process.env) as Output<Shape>
    const common: Common = config
    log.info({ config: masked(config) }, 'configuration')
    const clock = systemClock
    const health = new Health(clock)
    const metrics = new Metrics(name)
    // There from the beginning: a counter that is born with its first event shows no increase.
    for (const reason of Object.keys(failures))
      metrics.count('signals_outcomes_total', { outcome: 'deadLettered', reason }, 0)
    const broker = openBroker(common.KAFKA_BROKERS, `signals-${name}`)
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
    const status = await serveStatus(
      { port: common.METRICS_PORT, host: common.BIND_ADDRESS },
      metrics,
      () => health.report(),
      () => progress.refresh(),
    )
    lifecycle.onStop('status', status.close)

    const tracer = await openTracing(name, metrics)
    if (tracer) lifecycle.onStop('tracing', () => tracer.close())
    lifecycle.onStop('broker', () => broker.close())
    const redis = instrumentedRedis(openRedis(common.REDIS_URL), metrics)
    lifecycle.onStop('redis', () => redis.close())
    const registry = instrumentedRegistry(openRegistry(common.SCHEMA_REGISTRY_URL), metrics)
    const codec = await lifecycle.untilUp(clock, () =>
      Codec.open(registry, clock, [...stages[name].writes, ...stages[name].follows], [deadLetterTopic(name)]),
    )
    const { keyring, ...secret } = await lifecycle.untilUp(clock, () =>
      followKeyring(common, { broker, codec, health, onTrouble: endProcess }),
    )
    lifecycle.onStop('data secret', () => secret.stop())
    const producer = instrumentedProducer(await lifecycle.untilUp(clock, () => broker.producer()), metrics)
    lifecycle.onStop('producer', () => producer.close())

    const follow = async (handlers: TableHandlers) => {
      const following = await lifecycle.untilUp(clock, () => followTables(handlers, { broker, codec, health, log }))
      lifecycle.onStop('tables', () => following.stop())
    }
    let wrapped = (onBatch: OnBatch) => onBatch
    const around = (wrap: typeof wrapped) => {
      wrapped = wrap
    }
    const deps = {
      config,
      keyring,
      codec,
      broker,
      producer,
      redis,
      clock,
      metrics,
      health,
      log,
      lifecycle,
      follow,
      around,
      tracer,
    }
    const stage = await service.build(deps)

    const tools = { producer, codec, keyring, clock, metrics, log, health, tracer }
    const loop = createLoop(stage, tools)
    const consumers: RunningConsumer[] = []
    // Side by side: each waits for its batch and for its last long poll.
    lifecycle.onStop('consumers', () => Promise.all(consumers.map((consumer) => consumer.stop())))
    const consume = async (
      group: string,
      topicNames: readonly string[],
      onBatch: typeof loop,
      concurrency?: number,
    ) => {
      let told: 'up' | 'down' | undefined
      const consumer = await lifecycle.untilUp(clock, () =>
        broker.consume({
          group,
          topics: topicNames,
          from: 'earliest',
          ...(concurrency ? { concurrency } : {}),
          onBatch,
          onConnection: (state, reason) => {
            health.connection(state, group)
            // While Kafka is away every attempt to join fails again: the first says it all.
            if (state !== told) log[state === 'up' ? 'info' : 'warn']({ group, state, reason }, 'consumer')
            told = state
          },
          onAssigned: (partitions) => progress.assigned(group, partitions),
        }),
      )
      consumers.push(consumer)
      consumer.ended.catch((error: unknown) => {
        if (error instanceof DeadLetterLimitReached) {
          // Stays up and red instead of exiting: a restart would let the next thousands through.
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
    const waits = spec.delays.map((delay) => ({
      group: laterGroup(name, delay),
      topic: laterTopic(name, delay),
      onBatch: delayUntilDue(loop, delays[delay] * scale, clock),
    }))
    for (const lane of spec.lanes ?? []) {
      const gently = createLoop(stage, { ...tools, sliceRecords: laneSlice })
      await consume(lane.group, [lane.topic], gently, laneConcurrency)
    }
    if (spec.waitsWithMain) {
      const byTopic = new Map(waits.map(({ topic, onBatch }) => [topic, onBatch]))
      const route: typeof loop = (batch) => (byTopic.get(batch.topic) ?? wrapped(loop))(batch)
      await consume(consumerGroup(name), [main, ...byTopic.keys()], onePerPartition(route))
    } else {
      await consume(consumerGroup(name), [main], wrapped(loop))
      for (const { group, topic, onBatch } of waits) await consume(group, [topic], onBatch)
    }
    health.to('running')
    lifecycle.onStop('progress', progress.watch(pollIntervalMs))
    log.info({ metrics: `http://127.0.0.1:${status.port}/metrics` }, 'running')
  })
}
