import { runConsumerStage } from '../runtime/process/run-stage.ts'
import { ConnectionDirectory } from '../shared/connections/directory.ts'
import { requestSender } from '../shared/connections/requests/send.ts'
import { Withdrawals } from '../shared/connections/requests/withdrawals.ts'
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
    const withdrawals = new Withdrawals(directory, requestSender(tools.producer, codec))
    await follow({
      connections: (id, record) => {
        if (directory.apply(id, record) === 'applied' && !record?.dataKey) tools.forgetConnection(id)
      },
    })
    const ownMappings = { folder: config.SIGNALS_MAPPINGS_DIR, signatureChanges: config.ALLOW_SIGNATURE_CHANGE }
    const sources = openSources(ownMappings, waits.ingest, tools)
    const stage = ingest({
      sources,
      directory,
      claims: openClaims(redis),
      codec,
      keyring,
      envelopes,
      withdrawals,
    })
    return { ...stage, onProcessed: countIgnored(tools.metrics) }
  },
})
