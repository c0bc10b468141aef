/** The admin API and the keeper of connections, put together. */

import { openTikTokApi } from '../../runtime/adapters/tiktok-api.ts'
import type { Keyring } from '../../runtime/keys/keyring.ts'
import { errorFacts, type Logger } from '../../runtime/log.ts'
import type { Broker, Clock, Producer, RedisCommands } from '../../runtime/ports.ts'
import type { Lifecycle } from '../../runtime/process/lifecycle.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { Authorisations } from '../../shared/connections/authorisation/authorisation.ts'
import { PendingAuthorisations } from '../../shared/connections/authorisation/pending-authorisations.ts'
import type { ConnectionDirectory } from '../../shared/connections/directory.ts'
import { readHistory } from '../../shared/connections/history.ts'
import { Oauth } from '../../shared/connections/tiktok/oauth.ts'
import { oauthSettings } from '../../shared/connections/tiktok/settings.ts'
import { refreshDue } from '../../shared/connections/tokens/refresh.ts'
import { ConnectionWriter } from '../../shared/connections/writer.ts'
import type { MessagingApp } from '../../shared/model/connection-record.ts'
import type { ConsoleConfig } from '../config.ts'
import { ConnectionsMaintenance, rollEveryMs } from '../maintenance/connections-maintenance.ts'
import { adminApi, callbackPath } from './api.ts'

const refreshEveryMs = 60_000

interface Tools {
  readonly config: ConsoleConfig
  readonly directory: ConnectionDirectory
  readonly broker: Broker
  readonly producer: Producer
  readonly codec: Codec
  readonly redis: RedisCommands
  readonly keyring: Keyring
  readonly clock: Clock
  readonly log: Logger
  readonly lifecycle: Lifecycle
  messagingAppOf(source: string): MessagingApp | null
}

/** Repeats until the process stops; one that fails is logged and comes again. */
const every = (ms: number, name: string, work: () => Promise<unknown>, { log, lifecycle }: Tools) => {
  let running: Promise<unknown> = Promise.resolve()
  let busy = false
  const run = () => {
    if (busy) return
    busy = true
    running = work()
      .catch((error: unknown) => log.warn(errorFacts(error), `${name} failed, comes again`))
      .finally(() => {
        busy = false
      })
  }
  const timer = setInterval(run, ms)
  lifecycle.onStop(name, async () => {
    clearInterval(timer)
    await running
  })
}

/** The writer first: it must hear of every record that the directory follows. */
export const connectionsWriter = (tools: Pick<Tools, 'directory' | 'codec' | 'producer' | 'clock' | 'log'>) => {
  const writer = new ConnectionWriter(tools)
  const onError = (error: unknown) => tools.log.warn(errorFacts(error), 'the connections topic was not mended')
  return { writer, keeper: new ConnectionsMaintenance({ writer, producer: tools.producer, onError }) }
}

/** @param publicUrl where the console is reached */
export const openAdmin = (
  tools: Tools & ReturnType<typeof connectionsWriter>,
  publicUrl: string,
): ReturnType<typeof adminApi> => {
  const { config, directory, writer, keeper, keyring, clock, redis, log } = tools
  const settings = oauthSettings(config, new URL(callbackPath, publicUrl).href)
  const api = openTikTokApi(config.TIKTOK_BASE_URL)
  const oauth = settings && new Oauth(api, settings)
  const pending = new PendingAuthorisations(redis, keyring)
  const desk = { directory, writer, keyring }
  const { messagingAppOf } = tools
  if (oauth) {
    const refresh = async () => {
      const failed = await refreshDue({ ...desk, oauth, redis, clock })
      if (failed.length > 0) log.warn({ connections: failed }, 'TikTok does not answer: tokens are refreshed later')
    }
    every(refreshEveryMs, 'token refresh', refresh, tools)
  }
  every(rollEveryMs, 'closing of segments', () => keeper.roll(), tools)
  return adminApi({
    ...desk,
    api,
    messagingAppOf,
    oauth,
    authorisations:
      settings && oauth && new Authorisations({ ...desk, api, oauth, settings, pending, clock, messagingAppOf }),
    token: config.ADMIN_TOKEN,
    history: (id) => readHistory(tools.broker, tools.codec, id),
    onError: (error) => log.error(errorFacts(error), 'a request of the admin API failed'),
  })
}
