import { consumerGroup } from '../consumer-groups.ts'
import { checkpointed, repairIdle } from '../runtime/batch/checkpoints/checkpointed-stage.ts'
import { openCheckpoints } from '../runtime/batch/checkpoints/open.ts'
import { pollForLosses } from '../runtime/batch/checkpoints/poll.ts'
import type { ConsumedRecord } from '../runtime/ports.ts'
import { consumerStage } from '../runtime/process/run-stage.ts'
import { hashTags } from '../runtime/time-buckets/bucket-calls.ts'
import { ConnectionDirectory } from '../shared/connections/directory.ts'
import { requestSender } from '../shared/connections/requests/send.ts'
import { Withdrawals } from '../shared/connections/requests/withdrawals.ts'
import { Suppressions } from '../shared/persons/suppressions.ts'
import { waits } from '../shared/sources/index.ts'
import { openSources } from '../shared/sources/service.ts'
import { unconnectedAccounts } from '../shared/unconnected/log.ts'
import { topics } from '../topology.ts'
import { openClaims } from './claims/claims.ts'
import { rebuildClaims } from './claims/rebuild-claims.ts'
import { ingestFields } from './config.ts'
import { openContactThreads } from './contacts/contact-threads.ts'
import { refusalOf } from './dead-letters.ts'
import { markingUnordered } from './order/marking.ts'
import { ConnectionWays } from './order/ways.ts'
import { AccountQuarantine } from './quarantine/quarantine.ts'
import { countIgnored, noteUnconnected } from './reports.ts'
import { ingest } from './stage.ts'

/** A release is in force within this time. */
const quarantinePollMs = 2_000

export const ingestService = consumerStage({
  name: 'ingest',
  fields: ingestFields,
  statusTokens: ({ STATUS_TOKEN }) => STATUS_TOKEN,
  build: async ({ config, codec, keyring, envelopes, redis, follow, ...tools }) => {
    const directory = new ConnectionDirectory()
    tools.useConnections((id) => directory.byId(id))
    const withdrawals = new Withdrawals(directory, requestSender(tools.producer, codec))
    const suppressions = new Suppressions(keyring)
    await follow({
      suppressions: (mark, record) => suppressions.apply(mark, record),
      connections: (id, record) => {
        if (directory.apply(id, record) === 'applied' && !record?.dataKey) tools.forgetConnection(id)
      },
    })
    const ownMappings = { folder: config.SIGNALS_MAPPINGS_DIR, signatureChanges: config.ALLOW_SIGNATURE_CHANGE }
    const sources = openSources(ownMappings, waits.ingest, tools)
    const { broker, clock, metrics, log, health } = tools
    const run = config.QUARANTINE_FAILURES
    const isRefused = (record: ConsumedRecord) => refusalOf(record, { directory, codec, withdrawals }) !== null
    const quarantine = new AccountQuarantine({ run, window: 4 * run }, { redis, codec, clock, metrics, log, isRefused })
    await quarantine.refresh()
    tools.lifecycle.onStop(
      'quarantine',
      clock.every(quarantinePollMs, () => void quarantine.refresh()),
    )
    health.detail('quarantined', () => quarantine.size)
    const claims = openClaims(redis)
    const contacts = openContactThreads(redis)
    const stageTools = { sources, directory, claims, contacts, codec, keyring, envelopes, withdrawals, suppressions }
    const stage = markingUnordered(ingest({ ...stageTools, quarantine }), new ConnectionWays(redis, clock), directory)
    const checkpoints = openCheckpoints(
      { redis, broker, name: 'ingest', tags: hashTags },
      { group: consumerGroup('ingest'), topics: [topics.channelEvents.name] },
    )
    tools.onAssigned(() => checkpoints.assigned())
    const onRebuild = () => {
      log.warn('Redis has lost claims: making them again before anything is decided')
      metrics.count('signals_state_rebuilds_total', {})
    }
    const rebuild = rebuildClaims({ ...stageTools, broker, clock, onRebuild })
    const cancel = pollForLosses(clock, () => repairIdle(checkpoints, { redis, rebuild }))
    tools.lifecycle.onStop('poll for lost claims', cancel)
    const ignored = countIgnored(metrics)
    const hash = (source: string, account: string) => keyring.recordKey('account', source, account)
    const unconnected = unconnectedAccounts('ingest', metrics, config.STATUS_TOKEN, hash)
    Object.assign(tools.pages, unconnected.pages)
    const unknown = noteUnconnected(unconnected, directory)
    return {
      ...checkpointed(stage, { redis, checkpointsOf: () => checkpoints, writes: 'load', rebuild }),
      onProcessed: ((batch, outcomes) => {
        ignored(batch, outcomes)
        unknown(batch, outcomes)
      }) satisfies typeof ignored,
    }
  },
})
