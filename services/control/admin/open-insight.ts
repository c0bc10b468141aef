/** The work behind `/admin/v1/report` and `/explain`, over the topics, one at a time. */
import { loadConfig } from '../../runtime/config.ts'
import { Envelopes } from '../../runtime/keys/envelopes.ts'
import type { Keyring } from '../../runtime/keys/keyring.ts'
import type { CommonPairs } from '../../runtime/keys/secrets/common-pairs.ts'
import type { Broker, Clock, RedisCommands } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../../shared/connections/directory.ts'
import type { ConnectionWriter } from '../../shared/connections/writer.ts'
import type { RefusedDeliveries } from '../../shared/refused/refused-deliveries.ts'
import type { SourceRegistry } from '../../shared/sources/source.ts'
import type { UnconnectedAccount } from '../../shared/unconnected/account.ts'
import { explainConversation } from '../../tools/explain/explain.ts'
import { openExplainTools } from '../../tools/explain/open.ts'
import { type ReplaySettingTexts, replayFields } from '../../tools/replay/settings.ts'
import { readActivity } from '../../tools/report/connection-activity.ts'
import { readReport } from '../../tools/report/read-report.ts'
import type { InsightWork } from './insight.ts'
import { openTenantQueues } from './tenant-queues.ts'

interface Tools {
  readonly broker: Broker
  readonly codec: Codec
  readonly redis: RedisCommands
  readonly keyring: Keyring
  readonly commonPairs: CommonPairs
  readonly directory: ConnectionDirectory
  readonly writer: ConnectionWriter
  readonly sources: SourceRegistry
  readonly clock: Pick<Clock, 'now'>
  /** Settings that a running `signals up` gave to its stages; null: the defaults. */
  stageSettings(): ReplaySettingTexts | null
  unconnected(): Promise<readonly UnconnectedAccount[]>
  refused(connectionId: string): Promise<readonly RefusedDeliveries[]>
}

const dayMs = 86_400_000

export const openInsight = (tools: Tools): InsightWork => {
  const { broker, codec, redis, keyring, commonPairs, directory, writer, sources, clock } = tools
  const now = () => clock.now()
  const explaining = openTenantQueues()
  const reporting = openTenantQueues()
  return {
    now,
    report: (isWanted, days, tenant) => reporting(tenant, () => readReport(isWanted, days, { broker, codec })),
    activity: (connectionId, tenant) =>
      reporting(tenant, () => readActivity(connectionId, now(), { broker, codec, redis })),
    explain: (ids, options, tenant) =>
      explaining(tenant, async () => {
        const { connectionId } = ids
        // With the keys of this connection alone, although this process holds those of all.
        const connectionPair = (id: string) => (id === connectionId ? directory.byId(id) : undefined)
        const envelopes = new Envelopes({ keyring, commonPairs, now, connectionPair })
        const config = loadConfig(replayFields, tools.stageSettings() ?? {})
        const settings = {
          waitMs: config.ATTRIBUTION_WAIT,
          textWindowMs: config.ATTRIBUTION_TEXT_WINDOW,
          expireMs: config.DISPATCH_EXPIRE_DAYS * dayMs,
        }
        const parts = { broker, codec, redis, keyring, directory, sources, envelopes, settings }
        return explainConversation(ids, { ...options, now: now() }, await openExplainTools(parts))
      }),
    noteShown: (connection, { actor }) =>
      writer.appendHistory(connection, { action: 'text_shown' }, { via: 'admin', actor }),
    unconnected: tools.unconnected,
    refused: tools.refused,
  }
}
