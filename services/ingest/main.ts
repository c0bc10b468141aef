import { runConsumerStage } from '../runtime/process/run-stage.ts'
import { ConnectionDirectory } from '../shared/connections/directory.ts'
import { removal } from '../shared/connections/removal.ts'
import { ConnectionWriter } from '../shared/connections/writer.ts'
import { waits } from '../shared/sources/index.ts'
import { openSources } from '../shared/sources/service.ts'
import { openClaims } from './claims.ts'
import { ingestFields } from './config.ts'
import { countIgnored } from './ignored.ts'
import { ingest } from './stage.ts'

runConsumerStage({
  name: 'ingest',
  fields: ingestFields,
  build: async ({ config, codec, keyring, envelopes, redis, follow, ...tools }) => {
    const directory = new ConnectionDirectory()
    tools.useConnections((id) => directory.byId(id))
    const writer = new ConnectionWriter({ directory, codec, producer: tools.producer, clock: tools.clock })
    await follow({
      connections: (id, record) => {
        const applied = directory.apply(id, record)
        writer.followed(id)
        if (applied === 'stale') return
        if (!record?.dataKey) tools.forgetConnection(id)
      },
    })
    const ownMappings = { folder: config.SIGNALS_MAPPINGS_DIR, signatureChanges: config.ALLOW_SIGNATURE_CHANGE }
    const sources = openSources(ownMappings, waits.ingest, tools)
    const onRemoved = removal(directory, writer)
    const stage = ingest({
      sources,
      directory,
      claims: openClaims(redis),
      codec,
      keyring,
      envelopes,
      onRemoved,
    })
    return { ...stage, onProcessed: countIgnored(tools.metrics) }
  },
})
