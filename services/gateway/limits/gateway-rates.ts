/** The gateway's rates: of deliveries and events of an account, also under overload, and of requests from an address. */
import { HttpProblem } from '../http/answers.ts'
import { FairShare } from './fair-share.ts'
import { Rates } from './rates.ts'

export interface GatewayRates {
  readonly accounts: Rates
  readonly addresses: Rates
  /** By token. */
  readonly lookUps: Rates
  /** Of accounts, while the gateway has more to do than time. */
  readonly share: FairShare
}

/** The most events of one request. */
const largestRequest = 1_000

/** All a second; 0: no limit. @param perAccount deliveries and events @param perAddress requests @param perToken look-ups */
export const gatewayRates = (perAccount: number, perAddress: number, perToken = 0): GatewayRates => ({
  accounts: new Rates(perAccount, largestRequest),
  addresses: new Rates(perAddress),
  lookUps: new Rates(perToken),
  share: new FairShare(),
})

/** @throws HttpProblem 503 for an account that is beyond its share of an overloaded gateway */
export const requireShare = ({ share }: Pick<GatewayRates, 'share'>, owner: string): void => {
  if (!share.isBeyond(owner)) return
  throw new HttpProblem(
    503,
    'overloaded',
    'the gateway has more to do than time, and this account sends the most; nothing was stored, send it again',
  )
}

const isLoopback = (address: string) => address === '::1' || /^(::ffff:)?127\./.test(address)

/** @param now ms. @throws HttpProblem 503 */
export const requireAddressRate = ({ addresses }: GatewayRates, address: string, now: number): void => {
  if (isLoopback(address)) return
  const retryAfter = addresses.wait(address, 1, now)
  if (retryAfter > 0)
    throw new HttpProblem(
      503,
      'rate_address',
      'too many requests from this address; nothing was stored, send it again',
      {
        retryAfter,
      },
    )
  addresses.take(address, 1, now)
}

/** @param owners one entry for each delivery or event. @param now ms. @throws HttpProblem 503, also when one of several is beyond */
export const requireAccountRate = (rates: GatewayRates, owners: readonly string[], now: number): void => {
  const { accounts, share } = rates
  const counts = new Map<string, number>()
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  for (const [owner, count] of counts) {
    requireShare(rates, owner)
    const retryAfter = accounts.wait(owner, count, now)
    if (retryAfter > 0)
      throw new HttpProblem(
        503,
        'rate_account',
        'more deliveries of this account than GATEWAY_ACCOUNT_RPS allows; nothing was stored, send it again',
        { retryAfter },
      )
  }
  for (const [owner, count] of counts) {
    accounts.take(owner, count, now)
    share.take(owner, count)
  }
}

/** @param now ms. @throws HttpProblem 429, and 503 while the gateway is overloaded and the token's look-ups take the most */
export const requireLookUpRate = (rates: GatewayRates, tokenId: string, now: number): void => {
  const owner = `look-up\n${tokenId}`
  if (rates.share.isBeyond(owner))
    throw new HttpProblem(
      503,
      'overloaded',
      'the gateway has more to do than time, and this token asks the most: ask later',
    )
  const retryAfter = rates.lookUps.wait(tokenId, 1, now)
  if (retryAfter > 0)
    throw new HttpProblem(
      429,
      'rate_look_up',
      'more look-ups by this token than GATEWAY_LOOK_UP_RPS allows: ask later',
      {
        retryAfter,
      },
    )
  rates.lookUps.take(tokenId, 1, now)
  rates.share.take(owner, 1)
}
