import { consumerGroup } from '../consumer-groups.ts'
import { laterTopic } from '../derived-topics.ts'
import { consumerStage } from '../runtime/process/run-stage.ts'
import { openStageState } from '../runtime/versioned-state/open.ts'
import { ConnectionDirectory } from '../shared/connections/directory.ts'
import { touchesTopic } from '../shared/conversations/record.ts'
import { RedisConversationStore } from '../shared/conversations/store.ts'
import { Suppressions } from '../shared/persons/suppressions.ts'
import { stages, topics } from '../topology.ts'
import { attributionFields } from './config.ts'
import { CountedMessages } from './counted-messages.ts'
import { ingestPosition } from './ingest-position.ts'
import { refusedIds } from './refused-ids.ts'
import { attribution } from './stage.ts'

export const attributionService = consumerStage({
  name: 'attribution',
  fields: attributionFields,
  build: async ({ config, codec, keyring, redis, metrics, ...deps }) => {
    const directory = new ConnectionDirectory()
    deps.useConnections((id) => directory.byId(id))
    const suppressions = new Suppressions(keyring)
    const counted = new CountedMessages()
    await deps.follow({
      suppressions: (mark, record) => suppressions.apply(mark, record),
      ruleSets: (_key, record) => {
        if (record !== null) counted.apply(record)
      },
      connections: (id, record) => {
        if (directory.apply(id, record) === 'applied' && !record?.dataKey) deps.forgetConnection(id)
      },
    })
    const delayed = stages.attribution.delays.map((delay) => laterTopic('attribution', delay))
    const { store, withCheckpoints } = await openStageState(
      {
        name: 'attribution',
        group: consumerGroup('attribution'),
        topics: [topics.messages.name, ...delayed],
        topic: touchesTopic,
        store: new RedisConversationStore(redis, config.ATTRIBUTION_STATE_DAYS * 86_400),
      },
      { ...deps, codec, redis, metrics },
    )
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
      ingestPosition: ingestPosition(deps.broker),
      countUpTo: () => counted.upTo,
    })
    return withCheckpoints(stage)
  },
})
