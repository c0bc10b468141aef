import { DependencyError } from '../runtime/ports.ts'
import { runConsumerStage } from '../runtime/process/run-stage.ts'
import { ConnectionDirectory } from '../shared/connections/directory.ts'
import { attributionFields } from './config.ts'
import { refusedIds } from './refused-ids.ts'
import { attribution } from './stage.ts'
import { readTouches } from './state/read-touches.ts'
import { RebuildingStore } from './state/rebuilding-store.ts'
import { RedisConversationStore } from './state/store.ts'

/** Interval at which an idle stage checks Redis for lost state; one round trip each. */
const pollIntervalMs = 10_000

runConsumerStage({
  name: 'attribution',
  fields: attributionFields,
  build: async ({ config, codec, keyring, redis, broker, clock, metrics, log, health, lifecycle, ...deps }) => {
    const directory = new ConnectionDirectory()
    deps.useConnections((id) => directory.byId(id))
    await deps.follow({
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
      readTopic: (onBatch) => readTouches({ broker, codec, log, onProgress, signal: lifecycle.signal }, onBatch),
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
    // A batch detects lost state by itself. The poll does it without a batch, so that a replay need not wait for live traffic.
    const cancel = clock.every(pollIntervalMs, () => {
      store.ensureComplete().catch((error: unknown) => {
        // Redis or Kafka is away. Batches report that; the next poll tries again.
        if (!(error instanceof DependencyError)) throw error
      })
    })
    lifecycle.onStop('poll for lost state', cancel)
    const countRefused = refusedIds(metrics)
    return attribution({
      directory,
      store,
      codec,
      keyring,
      waitMs: config.ATTRIBUTION_WAIT,
      textWindowMs: config.ATTRIBUTION_TEXT_WINDOW,
      countRefused,
    })
  },
})
