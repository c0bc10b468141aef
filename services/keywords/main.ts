import { ConnectionDirectory } from '../connections/directory.ts'
import { errorFacts } from '../runtime/log.ts'
import { runConsumerStage } from '../runtime/service.ts'
import { keywordsFields } from './config.ts'
import { KeywordLists } from './lists.ts'
import { countRaised } from './raised.ts'
import { keywords } from './stage.ts'

runConsumerStage({
  name: 'keywords',
  fields: keywordsFields,
  build: async ({ codec, keyring, follow, metrics, log }) => {
    const directory = new ConnectionDirectory()
    const lists = new KeywordLists()
    await follow({
      connections: (id, record) => {
        directory.apply(id, record)
        if (!record?.dataKey) keyring.forgetConnection(id)
      },
      keywordLists: (_key, record) => {
        if (record === null) return
        const { listId, version } = record
        try {
          lists.apply(record)
          log.info({ listId, version, entries: record.entries.length }, 'keyword list in force')
        } catch (error) {
          // Lists are validated where they are imported; what comes in broken all the same must not stop the stage.
          log.error({ ...errorFacts(error), listId, version }, 'keyword list refused, the one before stays')
        }
      },
    })
    return { ...keywords({ directory, lists, codec, keyring }), settled: countRaised(metrics) }
  },
})
