/** Wires the operations of the admin API and the maintenance of connections. */

import { RedisRuleStates } from '../../keywords/rule-state/store.ts'
import { runningState } from '../../local/supervisor/state-file.ts'
import { openTikTokApi } from '../../runtime/adapters/tiktok-api.ts'
import type { Keyring } from '../../runtime/keys/keyring.ts'
import type { CommonPairs } from '../../runtime/keys/secrets/common-pairs.ts'
import { errorFacts, type Logger } from '../../runtime/log.ts'
import type { Broker, Clock, Producer, RedisCommands, Timers } from '../../runtime/ports.ts'
import type { Lifecycle } from '../../runtime/process/lifecycle.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { readAudit } from '../../shared/audit/audit.ts'
import { Authorisations } from '../../shared/connections/authorisation/authorisation.ts'
import { PendingAuthorisations } from '../../shared/connections/authorisation/pending-authorisations.ts'
import type { ConnectionDirectory } from '../../shared/connections/directory.ts'
import { readHistory } from '../../shared/connections/history.ts'
import { Oauth } from '../../shared/connections/tiktok/oauth.ts'
import { oauthSettings } from '../../shared/connections/tiktok/settings.ts'
import { refreshDue } from '../../shared/connections/tokens/refresh.ts'
import { ConnectionWriter } from '../../shared/connections/writer.ts'
import { RedisConversationStore } from '../../shared/conversations/store.ts'
import type { MessagingApp } from '../../shared/model/connection-record.ts'
import type { RefusedDeliveries } from '../../shared/refused/refused-deliveries.ts'
import type { SourceRegistry } from '../../shared/sources/source.ts'
import type { UnconnectedAccount } from '../../shared/unconnected/account.ts'
import { exportPerson } from '../../tools/persons/export.ts'
import { forgetPerson } from '../../tools/persons/forget.ts'
import { postOnce } from '../../tools/test-events/post-once.ts'
import { sendTestEvent } from '../../tools/test-events/test-event.ts'
import type { ConsoleConfig } from '../config.ts'
import { beginPath, callbackPath } from '../http/callback.ts'
import { ConnectionsMaintenance, segmentRollIntervalMs } from '../maintenance/connections-maintenance.ts'
import type { AdminTools } from './handlers.ts'
import { openInsight } from './open-insight.ts'

const tokenRefreshIntervalMs = 60_000

interface Tools {
  readonly config: ConsoleConfig
  readonly directory: ConnectionDirectory
  readonly broker: Broker
  readonly producer: Producer
  readonly codec: Codec
  readonly redis: RedisCommands
  readonly keyring: Keyring
  readonly clock: Clock & Timers
  readonly log: Logger
  readonly lifecycle: Lifecycle
  readonly sources: SourceRegistry
  readonly commonPairs: CommonPairs
  unconnected(): Promise<readonly UnconnectedAccount[]>
  refused(connectionId: string): Promise<readonly RefusedDeliveries[]>
}

/** Runs the work every `ms` until the process stops. A failed run is logged; a run that takes longer skips the next ones. */
const repeat = (ms: number, name: string, work: () => Promise<unknown>, { clock, log, lifecycle }: Tools) => {
  let running: Promise<unknown> = Promise.resolve()
  let busy = false
  const run = () => {
    if (busy) return
    busy = true
    running = work()
      .catch((error: unknown) => log.warn(errorFacts(error), `${name} failed; it is retried at the next interval`))
      .finally(() => {
        busy = false
      })
  }
  const cancel = clock.every(ms, run)
  lifecycle.onStop(name, async () => {
    cancel()
    await running
  })
}

/** Created before the directory follows the topic: the writer must see every record that the directory applies. */
export const connectionsWriter = (tools: Pick<Tools, 'directory' | 'codec' | 'producer' | 'clock' | 'log'>) => {
  const writer = new ConnectionWriter(tools)
  const onError = (error: unknown) =>
    tools.log.warn(errorFacts(error), 'a record of the connections topic was not repaired')
  const { producer, clock: timers } = tools
  return { writer, maintenance: new ConnectionsMaintenance({ writer, producer, timers, onError }) }
}

/** What the listeners use of connections; also starts the work that needs no request. */
export interface OpenedAdmin {
  readonly tools: Omit<AdminTools, 'loginLink' | 'console' | 'versions' | 'redrives' | 'replays' | 'installation'>
  readonly consentOrigins: readonly string[]
}

/** @param publicUrl address at which browsers reach the public listener */
export const openAdmin = (tools: Tools & ReturnType<typeof connectionsWriter>, publicUrl: string): OpenedAdmin => {
  const { config, directory, writer, maintenance, keyring, clock, redis, log, broker, codec } = tools
  const settings = oauthSettings(config, new URL(beginPath, publicUrl).href, new URL(callbackPath, publicUrl).href)
  const api = openTikTokApi(config.TIKTOK_BASE_URL)
  const oauth = settings && new Oauth(api, settings)
  const pending = new PendingAuthorisations(redis, keyring)
  const connections = { directory, writer, keyring }
  const messagingAppOf = (source: string): MessagingApp | null => tools.sources.get(source)?.messagingApp ?? null
  const stageSettings = () => runningState(config.SIGNALS_DATA_DIR)?.stageSettings ?? null
  if (oauth) {
    const refresh = async () => {
      const failed = await refreshDue({ ...connections, oauth, redis, clock })
      if (failed.length > 0) log.warn({ connections: failed }, 'TikTok does not answer: tokens are refreshed later')
    }
    repeat(tokenRefreshIntervalMs, 'token refresh', refresh, tools)
  }
  repeat(segmentRollIntervalMs, 'closing of log segments', () => maintenance.forceSegmentRoll(), tools)
  // No state is written here, so no time to live counts.
  const store = new RedisConversationStore(redis, 0)
  const ruleStates = new RedisRuleStates(redis, 0)
  const personTools = { broker, codec, producer: tools.producer, keyring, directory, clock, store, ruleStates }
  return {
    tools: {
      ...connections,
      api,
      messagingAppOf,
      oauth,
      authorisations:
        settings &&
        oauth &&
        new Authorisations({ ...connections, api, oauth, settings, pending, clock, messagingAppOf }),
      history: (id) => readHistory(broker, codec, id),
      audit: (query) => readAudit(broker, codec, query),
      insight: openInsight({ ...tools, stageSettings }),
      testEvents: {
        send: (connection, code) =>
          sendTestEvent(connection, code, { destination: config, keyring, clock, post: postOnce }),
      },
      persons: {
        forget: (person, actor) => forgetPerson(person, actor, personTools),
        export: (person, tenant) => exportPerson(person, personTools, tenant),
      },
    },
    consentOrigins: settings ? [new URL(settings.authUrl).origin, new URL(settings.accountAuthUrl).origin] : [],
  }
}
