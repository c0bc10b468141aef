import { ConnectionDirectory } from '../connections/directory.ts'
import { RedisHourBuckets } from '../runtime/hour-buckets.ts'
import { runConsumerStage } from '../runtime/service.ts'
import { waits } from '../sources/index.ts'
import { openSources } from '../sources/service.ts'
import { ingestFields } from './config.ts'
import { feedSpanHours } from './feeds.ts'
import { dedupWindowMs } from './identity.ts'
import { ingest } from './stage.ts'

runConsumerStage({
  name: 'ingest',
  fields: ingestFields,
  build: async ({ config, codec, keyring, redis, follow, ...tools }) => {
    const directory = new ConnectionDirectory()
    await follow({
      connections: (id, record) => {
        directory.apply(id, record)
        if (!record?.dataKey) keyring.forgetConnection(id)
      },
    })
    const sources = openSources(config.SIGNALS_MAPPINGS_DIR, waits.ingest, tools)
    const dedup = new RedisHourBuckets(redis, { prefix: 'dedup', ttlSeconds: dedupWindowMs / 1000 })
    const feeds = new RedisHourBuckets(redis, {
      prefix: 'feeds',
      ttlSeconds: dedupWindowMs / 1000,
      hours: feedSpanHours,
      bucketsPerHour: 256,
    })
    return ingest({ sources, directory, dedup, feeds, codec, keyring })
  },
})
