/** Which advertiser a grant is for. Pure. */
import type { AdvertiserGrant } from '../tiktok/oauth.ts'
import { AuthorisationFailed } from './authorisation-failed.ts'

/** @param wanted undefined: the only one of the grant. @throws AuthorisationFailed */
export const advertiserOf = (
  wanted: string | undefined,
  { advertiserIds }: Pick<AdvertiserGrant, 'advertiserIds'>,
): string => {
  if (wanted !== undefined) {
    if (advertiserIds.includes(wanted)) return wanted
    throw new AuthorisationFailed(`the authorisation is not for advertiser ${wanted}: agree for that advertiser`)
  }
  const [only, ...others] = advertiserIds
  if (only !== undefined && others.length === 0) return only
  throw new AuthorisationFailed(
    only === undefined
      ? 'the authorisation covers no advertiser'
      : `the authorisation covers several advertisers (${advertiserIds.slice(0, 10).join(', ')}): name one as advertiserId`,
  )
}
