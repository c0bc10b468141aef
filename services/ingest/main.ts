import { ConnectionDirectory } from '../connections/directory.ts'
import { runConsumerStage } from '../runtime/service.ts'
import { waits } from '../sources/index.ts'
import { openSources } from '../sources/service.ts'
import { ingestFields } from './config.ts'
import { countIgnored } from './ignored.ts'
import { openDedup, openFeeds } from './marks.ts'
import { ingest } from './stage.ts'

runConsumerStage({
  name: 'ingest',
  fields: ingestFields,
  build: async ({ config, codec, keyring, redis, follow, ...tools }) => {
    const directory = new ConnectionDirectory()
    await follow({
      connections: (id, record) => {
        if (directory.apply(id, record) === 'stale') return
        if (!record?.dataKey) keyring.forgetConnection(id)
      },
    })
    const sources = openSources(config.SIGNALS_MAPPINGS_DIR, waits.ingest, tools)
    const stage = ingest({ sources, directory, dedup: openDedup(redis), feeds: openFeeds(redis), codec, keyring })
    return { ...stage, settled: countIgnored(tools.metrics) }
  },
})
