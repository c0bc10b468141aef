/** Opens a stage's states in Redis: rebuilt from their topic where Redis has lost them, with checkpoints against lost last writes. */
import { checkpointed, repairIdle } from '../batch/checkpoints/checkpointed-stage.ts'
import type { Loss } from '../batch/checkpoints/loss.ts'
import { openCheckpoints } from '../batch/checkpoints/open.ts'
import { pollForLosses } from '../batch/checkpoints/poll.ts'
import { sharedRebuild } from '../batch/checkpoints/shared-rebuild.ts'
import type { Stage } from '../batch/stage.ts'
import type { Health } from '../health/health.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Broker, Clock, RedisCommands, Timers } from '../ports.ts'
import type { Codec } from '../topics/codec.ts'
import type { VersionedState } from './format.ts'
import { readStates, type StateTopic } from './read-states.ts'
import { RebuildingStore } from './rebuilding-store.ts'
import { parts, type RestorableStore } from './store.ts'

/** What the state needs of a process that starts and stops. */
interface StartingProcess {
  readonly signal: AbortSignal
  /** Repeats the task until the infrastructure is there. */
  untilUp(clock: Clock, task: () => Promise<void>): Promise<void>
  onStop(name: string, stop: () => void): void
}

export interface OpenStateTools {
  readonly redis: RedisCommands
  readonly broker: Broker
  readonly codec: Codec
  readonly clock: Clock & Timers
  readonly metrics: Pick<Metrics, 'set' | 'count'>
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly health: Pick<Health, 'to'>
  readonly lifecycle: StartingProcess
  onAssigned(listener: () => void): void
}

export interface KeptState<State extends VersionedState> {
  /** Of the stage, in metrics and keys. */
  readonly name: string
  readonly group: string
  /** Topics whose records change the states: their partitions have checkpoints. */
  readonly topics: readonly string[]
  readonly topic: StateTopic<State>
  readonly store: RestorableStore<State>
}

/** Resolves once the store holds all that the topic does. */
export const openStageState = async <State extends VersionedState>(
  { name, group, topics, topic, store: bare }: KeptState<State>,
  { redis, broker, codec, clock, metrics, log, health, lifecycle, onAssigned }: OpenStateTools,
) => {
  const onProgress = (share: number) => {
    metrics.set('signals_state_rebuilt_share', {}, share)
    log.info({ percent: Math.floor(share * 100), topic: topic.name }, 'rebuilding states')
  }
  let rebuilding = false
  const store = new RebuildingStore<State>({
    store: bare,
    readTopic: (onBatch, since) =>
      readStates(topic, { broker, codec, log, onProgress, signal: lifecycle.signal }, onBatch, since),
    disconnects: () => redis.disconnects,
    now: clock.now,
    onState: (lost) => {
      if (lost === null) {
        metrics.set('signals_state_rebuilt_share', {}, 1)
        // Without a batch in progress, no slice resets the state of health.
        if (rebuilding) health.to('running')
        rebuilding = false
        return
      }
      rebuilding = true
      health.to('waiting', 'rebuilding')
      metrics.count('signals_state_rebuilds_total', {})
    },
  })
  await lifecycle.untilUp(clock, () => store.ensureComplete())
  const checkpoints = openCheckpoints({ redis, broker, name, tags: parts, publishesFirst: true }, { group, topics })
  onAssigned(() => checkpoints.assigned())
  const takeOver = sharedRebuild(redis, (since) => store.restoreSince(since))
  const rebuildLost = sharedRebuild(redis, (since) => {
    log.warn({ since }, 'Redis has lost its last writes: rebuilding them before anything is decided')
    return store.rebuildSince(since)
  })
  const rebuild = (loss: Loss) => (loss.isTakeover ? takeOver(loss) : rebuildLost(loss))
  // A batch detects lost state by itself. The poll does it without a batch, so that a replay need not wait for live traffic.
  const cancel = pollForLosses(clock, async () => {
    await store.ensureComplete()
    await repairIdle(checkpoints, { redis, rebuild })
  })
  lifecycle.onStop('poll for lost state', cancel)
  /** The stage that saves these states, with their checkpoints. */
  const withCheckpoints = <In, Loaded, Change>(stage: Stage<In, Loaded, Change>) =>
    checkpointed(stage, { redis, checkpointsOf: () => checkpoints, writes: 'save', rebuild })
  return { store, withCheckpoints }
}
