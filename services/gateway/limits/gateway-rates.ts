/** The gateway's two rates: of deliveries and events of an account, and of requests from an address. */
import { HttpProblem } from '../http/answers.ts'
import { Rates } from './rates.ts'

export interface GatewayRates {
  readonly accounts: Rates
  readonly addresses: Rates
}

/** The most events of one request. */
const largestRequest = 1_000

/** @param perAccount deliveries and events a second; 0: no limit @param perAddress requests a second; 0: no limit */
export const gatewayRates = (perAccount: number, perAddress: number): GatewayRates => ({
  accounts: new Rates(perAccount, largestRequest),
  addresses: new Rates(perAddress),
})

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
export const requireAccountRate = ({ accounts }: GatewayRates, owners: readonly string[], now: number): void => {
  const counts = new Map<string, number>()
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  for (const [owner, count] of counts) {
    const retryAfter = accounts.wait(owner, count, now)
    if (retryAfter > 0)
      throw new HttpProblem(
        503,
        'rate_account',
        'more deliveries of this account than GATEWAY_ACCOUNT_RPS allows; nothing was stored, send it again',
        { retryAfter },
      )
  }
  for (const [owner, count] of counts) accounts.take(owner, count, now)
}
