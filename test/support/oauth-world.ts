/** TikTok's authorisation played by the simulator's own code, in one process and without a network. */

import { Authorisation, simulatorApp } from '../../services/local/simulator/authorisation.ts'
import type { ApiResult, TikTokApi } from '../../services/runtime/adapters/tiktok-api.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { Authorisations } from '../../services/shared/connections/authorisation/authorisation.ts'
import { PendingAuthorisations } from '../../services/shared/connections/authorisation/pending-authorisations.ts'
import { readHistory } from '../../services/shared/connections/history.ts'
import { openConnectionLog } from '../../services/shared/connections/store.ts'
import { Oauth, type OauthSettings } from '../../services/shared/connections/tiktok/oauth.ts'
import { topics } from '../../services/topology.ts'
import { noon, testKeyring } from './builders.ts'
import { FakeClock } from './fake-clock.ts'
import { MemoryCluster } from './memory-broker.ts'
import { MemoryRedis } from './memory-redis.ts'
import { MemoryRegistry } from './memory-registry.ts'

export const reportScope = '7224195155857866754'

export const openOauth = async () => {
  const clock = new FakeClock(noon)
  const tiktok = new Authorisation(clock.now)
  const lost = new Set<string>()
  const calls: string[] = []
  const api: TikTokApi = {
    call: async (method, path, { query, body, token }): Promise<ApiResult> => {
      calls.push(path)
      const answer = tiktok.call(method, path, body ?? query ?? {}, token)
      if (!answer || lost.delete(path)) return { kind: 'failed', reason: 'not reachable' }
      return { kind: 'answered', code: answer.code, data: answer.data as Record<string, unknown> }
    },
  }
  const settings: OauthSettings = {
    app: simulatorApp,
    authUrl: 'http://localhost/portal/auth',
    accountAuthUrl: 'http://localhost/v2/auth/authorize/',
    beginUrl: 'http://localhost/admin/v1/oauth/begin',
    callbackUrl: 'http://localhost/admin/v1/oauth/callback',
    scopes: { advertiser: [reportScope], account: ['user.info.basic', 'message.list.read'] },
  }
  const broker = new MemoryCluster().open()
  await broker.createTopics(
    [topics.connections, topics.connectionHistory].map(({ name }) => ({ name, partitions: 1, config: {} })),
  )
  const codec = await Codec.open(new MemoryRegistry())
  const keyring = await testKeyring()
  const { directory, writer } = await openConnectionLog(broker, codec, clock)
  const redis = new MemoryRedis()
  const oauth = new Oauth(api, settings)
  const connections = { directory, writer, keyring }
  const authorisations = new Authorisations({
    ...connections,
    api,
    oauth,
    settings,
    pending: new PendingAuthorisations(redis, keyring),
    clock,
    messagingAppOf: (source) => (source === 'whatsapp' ? 'WHATSAPP' : null),
  })
  const world = {
    ...{ tiktok, api, calls, lost, oauth, redis, clock, connections, directory, writer, keyring, authorisations },
    lines: (id: string) => readHistory(broker, codec, id),
    history: async (id: string) => (await readHistory(broker, codec, id)).map(({ action }) => action),
    settings,
    /** Begins at the address and grants, as a person on TikTok's page; returns the parameters of the redirect. */
    agree: async (
      url: string,
      { scopes = [reportScope], advertiserIds = ['700'], openId = 'biz', browser = 'a browser' } = {},
    ) => {
      const { pathname, searchParams } = new URL(
        await authorisations.goOn(new URL(url).searchParams.get('state'), browser),
      )
      const kind = pathname === '/portal/auth' ? 'advertiser' : 'account'
      return {
        state: searchParams.get('state'),
        code: tiktok.grant(kind, scopes, advertiserIds, openId),
        error: null,
        browser,
      }
    },
  }
  return world
}
