import { ConnectionDirectory } from '../connections/directory.ts'
import { removal } from '../connections/removal.ts'
import { ConnectionWriter } from '../connections/writer.ts'
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
    const writer = new ConnectionWriter({ directory, codec, producer: tools.producer, clock: tools.clock })
    await follow({
      connections: (id, record) => {
        const applied = directory.apply(id, record)
        writer.followed(id)
        if (applied === 'stale') return
        if (!record?.dataKey) keyring.forgetConnection(id)
      },
    })
    const sources = openSources(config.SIGNALS_MAPPINGS_DIR, waits.ingest, tools)
    const onRemoved = removal(directory, writer)
    const stage = ingest({
      sources,
      directory,
      dedup: openDedup(redis),
      feeds: openFeeds(redis),
      codec,
      keyring,
      onRemoved,
    })
    return { ...stage, settled: countIgnored(tools.metrics) }
  },
})
