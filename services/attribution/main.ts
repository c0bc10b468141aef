import { consumerGroup } from '../consumer-groups.ts'
import { laterTopic } from '../derived-topics.ts'
import { checkpointed, repairIdle } from '../runtime/batch/checkpoints/checkpointed-stage.ts'
import type { Loss } from '../runtime/batch/checkpoints/checkpoints.ts'
import { openCheckpoints } from '../runtime/batch/checkpoints/open.ts'
import { pollForLosses } from '../runtime/batch/checkpoints/poll.ts'
import { sharedRebuild } from '../runtime/batch/checkpoints/shared-rebuild.ts'
import { runConsumerStage } from '../runtime/process/run-stage.ts'
import { ConnectionDirectory } from '../shared/connections/directory.ts'
import { Suppressions } from '../shared/persons/suppressions.ts'
import { stages, topics } from '../topology.ts'
import { attributionFields } from './config.ts'
import { refusedIds } from './refused-ids.ts'
import { attribution } from './stage.ts'
import { readTouches } from './state/read-touches.ts'
import { RebuildingStore } from './state/rebuilding-store.ts'
import { parts, RedisConversationStore } from './state/store.ts'

runConsumerStage({
  name: 'attribution',
  fields: attributionFields,
  build: async ({ config, codec, keyring, redis, broker, clock, metrics, log, health, lifecycle, ...deps }) => {
    const directory = new ConnectionDirectory()
    deps.useConnections((id) => directory.byId(id))
    const suppressions = new Suppressions(keyring)
    await deps.follow({
      suppressions: (mark, record) => suppressions.apply(mark, record),
      connections: (id, record) => {
        if (directory.apply(id, record) === 'applied' && !record?.dataKey) deps.forgetConnection(id)
      },
    })
    const onProgress = (share: number) => {
      metrics.set('signals_state_rebuilt_share', {}, share)
      log.info({ percent: Math.floor(share * 100) }, 'rebuilding conversations from touches.v1')
    }
    let rebuilding = false
    const store = new RebuildingStore({
      store: new RedisConversationStore(redis, config.ATTRIBUTION_STATE_DAYS * 86_400),
      readTopic: (onBatch, since) =>
        readTouches({ broker, codec, log, onProgress, signal: lifecycle.signal }, onBatch, since),
      disconnects: () => redis.disconnects,
      now: clock.now,
      onState: (parts) => {
        if (parts === null) {
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
    const delayed = stages.attribution.delays.map((delay) => laterTopic('attribution', delay))
    const topicsOfState = [topics.messages.name, ...delayed]
    const checkpoints = openCheckpoints(
      { redis, broker, name: 'attribution', tags: parts, publishesFirst: true },
      { group: consumerGroup('attribution'), topics: topicsOfState },
    )
    deps.onAssigned(() => checkpoints.assigned())
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
    const countRefused = refusedIds(metrics)
    const stage = attribution({
      directory,
      suppressions,
      store,
      codec,
      keyring,
      waitMs: config.ATTRIBUTION_WAIT,
      textWindowMs: config.ATTRIBUTION_TEXT_WINDOW,
      countRefused,
    })
    return checkpointed(stage, { redis, checkpointsOf: () => checkpoints, writes: 'save', rebuild })
  },
})
