import {
  gatewayRates,
  requireAccountRate,
  requireAddressRate,
} from '../../../../services/gateway/limits/gateway-rates.ts'
import { Rates } from '../../../../services/gateway/limits/rates.ts'
import { noon } from '../../../support/builders.ts'
import { problemOf } from '../../../support/http-status.ts'

/** How many of `count` single items pass at the time. */
const passed = (rates: Rates, key: string, count: number, now: number) => {
  let found = 0
  for (let n = 0; n < count; n++) {
    if (rates.wait(key, 1, now) > 0) continue
    rates.take(key, 1, now)
    found++
  }
  return found
}

describe('a rate', () => {
  it('lets as many pass in a second as it says, by key', () => {
    const rates = new Rates(10)
    expect(passed(rates, 'a', 30, noon)).toBe(10)
    expect(passed(rates, 'b', 30, noon)).toBe(10)
    expect(passed(rates, 'a', 30, noon + 500)).toBe(5)
    expect(passed(rates, 'a', 30, noon + 3_600_000)).toBe(10)
  })

  it('says how long to wait, and takes nothing for a refused request', () => {
    const rates = new Rates(10)
    rates.take('a', 10, noon)
    expect(rates.wait('a', 5, noon)).toBeCloseTo(0.5)
    expect(rates.wait('a', 5, noon)).toBeCloseTo(0.5)
  })

  it('lets one request pass that is larger than a second', () => {
    const rates = new Rates(10, 1_000)
    expect(rates.wait('a', 1_000, noon)).toBe(0)
    rates.take('a', 1_000, noon)
    expect(rates.wait('a', 1, noon)).toBeGreaterThan(0)
  })

  it('of 0 is none, and a clock that goes back opens nothing', () => {
    expect(passed(new Rates(0), 'a', 5_000, noon)).toBe(5_000)
    const rates = new Rates(10)
    rates.take('a', 10, noon)
    expect(passed(rates, 'a', 5, noon - 60_000)).toBe(0)
  })
})

describe("the gateway's rates", () => {
  it('answer 503 with the time to wait for an account beyond its own, and let the others pass', () => {
    const rates = gatewayRates(2_000, 0)
    requireAccountRate(
      rates,
      Array.from({ length: 1_000 }, () => 'hot'),
      noon,
    )
    requireAccountRate(
      rates,
      Array.from({ length: 1_000 }, () => 'hot'),
      noon,
    )
    expect(problemOf(() => requireAccountRate(rates, ['hot'], noon))).toMatchObject({
      status: 503,
      code: 'rate_account',
      retryAfter: expect.any(Number),
    })
    expect(problemOf(() => requireAccountRate(rates, ['calm'], noon))).toBeNull()
    expect(problemOf(() => requireAccountRate(rates, ['calm', 'hot'], noon))?.status).toBe(503)
    expect(problemOf(() => requireAccountRate(rates, ['hot'], noon + 10))).toBeNull()
  })

  it.each([
    ['198.51.100.7', 503],
    ['127.0.0.1', 200],
    ['::1', 200],
    ['::ffff:127.0.0.1', 200],
  ])('count requests of the address %s', (address, status) => {
    const rates = gatewayRates(0, 5)
    for (let n = 0; n < 5; n++) requireAddressRate(rates, address, noon)
    expect(problemOf(() => requireAddressRate(rates, address, noon))?.status ?? 200).toBe(status)
  })

  it('count no addresses by default', () => {
    const rates = gatewayRates(2_000, 0)
    for (let n = 0; n < 10_000; n++) requireAddressRate(rates, '198.51.100.7', noon)
  })
})
