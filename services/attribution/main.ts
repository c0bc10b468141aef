import { ConnectionDirectory } from '../connections/directory.ts'
import { runConsumerStage } from '../runtime/service.ts'
import { attributionFields } from './config.ts'
import { attribution } from './stage.ts'
import { RedisConversationStore } from './store.ts'

runConsumerStage({
  name: 'attribution',
  fields: attributionFields,
  build: async ({ config, codec, keyring, redis, follow }) => {
    const directory = new ConnectionDirectory()
    await follow({ connections: (id, record) => directory.apply(id, record) })
    const store = new RedisConversationStore(redis, config.ATTRIBUTION_STATE_DAYS * 86_400)
    return attribution({ directory, store, codec, keyring })
  },
})
