/** TikTok's API for commands, with the address and the app of the running pipeline or the environment. */

import { simulatorApp } from '../local/simulator/authorisation.ts'
import { openTikTokApi, type TikTokApi } from '../runtime/adapters/tiktok-api.ts'
import { loadConfig } from '../runtime/config.ts'
import { Oauth } from '../shared/connections/tiktok/oauth.ts'
import { oauthFields, oauthSettings } from '../shared/connections/tiktok/settings.ts'
import type { MessagingApp } from '../shared/model/connection-record.ts'
import { loadSources } from '../shared/sources/index.ts'
import type { CliContext } from './context.ts'
import { ownMappings } from './folders.ts'

export interface TikTok {
  readonly api: TikTokApi
  readonly baseUrl: string
  /** null: TIKTOK_APP_ID and TIKTOK_APP_SECRET are not set. */
  readonly oauth: Oauth | null
  messagingAppOf(source: string): MessagingApp | null
}

/** @throws ConfigError */
export const openTikTok = ({ running, env }: CliContext): TikTok => {
  const app = running?.simulator ? simulatorApp : undefined
  const config = loadConfig(oauthFields, {
    ...env,
    TIKTOK_BASE_URL: env.TIKTOK_BASE_URL || running?.tiktok,
    TIKTOK_APP_ID: env.TIKTOK_APP_ID || app?.id,
    TIKTOK_APP_SECRET: env.TIKTOK_APP_SECRET || app?.secret,
  })
  const api = openTikTokApi(config.TIKTOK_BASE_URL)
  // Commands begin nothing and exchange no codes, so these addresses are not used.
  const settings = oauthSettings(config, config.TIKTOK_BASE_URL, config.TIKTOK_BASE_URL)
  return {
    api,
    baseUrl: config.TIKTOK_BASE_URL,
    oauth: settings && new Oauth(api, settings),
    messagingAppOf: (source) => loadSources(ownMappings(env)).get(source)?.messagingApp ?? null,
  }
}
