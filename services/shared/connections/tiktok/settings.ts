/** Settings of TikTok's OAuth. */
import { z } from 'zod'
import { csv } from '../../../runtime/config.ts'
import { isLoopbackUrl, secureUrl } from '../../text/secure-url.ts'
import type { OauthSettings } from './oauth.ts'

export const oauthFields = {
  TIKTOK_BASE_URL: secureUrl.default('https://business-api.tiktok.com'),
  TIKTOK_APP_ID: z.string().optional(),
  TIKTOK_APP_SECRET: z.string().optional(),
  /** Pages on which advertisers and account owners agree. Default: TikTok's, or those of a loopback TIKTOK_BASE_URL. */
  TIKTOK_AUTH_URL: secureUrl.optional(),
  TIKTOK_ACCOUNT_AUTH_URL: secureUrl.optional(),
  /**
   * Required scopes. The number is `Report conversion events`, the only advertiser scope whose number is public. That of `CTX Events
   * Management`, which lists message event sets, is not: without it the look-up fails and names it.
   */
  TIKTOK_ADVERTISER_SCOPES: csv.default(['7224195155857866754']),
  TIKTOK_ACCOUNT_SCOPES: csv.default(['user.info.basic', 'message.list.read']),
}
type Config = z.output<z.ZodObject<typeof oauthFields>>

/**
 * @param beginUrl address at which a person sees what will be connected
 * @param callbackUrl as it is registered with TikTok
 * @returns null when TIKTOK_APP_ID or TIKTOK_APP_SECRET is not set
 */
export const oauthSettings = (config: Config, beginUrl: string, callbackUrl: string): OauthSettings | null => {
  const { TIKTOK_APP_ID: id, TIKTOK_APP_SECRET: secret, TIKTOK_BASE_URL: base } = config
  if (!id || !secret) return null
  const page = (path: string, official: string) => (isLoopbackUrl(base) ? new URL(path, base).href : official)
  return {
    app: { id, secret },
    authUrl: config.TIKTOK_AUTH_URL ?? page('/portal/auth', 'https://business-api.tiktok.com/portal/auth'),
    accountAuthUrl:
      config.TIKTOK_ACCOUNT_AUTH_URL ?? page('/v2/auth/authorize/', 'https://www.tiktok.com/v2/auth/authorize/'),
    beginUrl,
    callbackUrl,
    scopes: { advertiser: config.TIKTOK_ADVERTISER_SCOPES, account: config.TIKTOK_ACCOUNT_SCOPES },
  }
}
