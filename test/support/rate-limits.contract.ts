import type { TokenBuckets } from '../../services/dispatch/limits/redis-token-buckets.ts'
import type { Limit } from '../../services/dispatch/limits/token-bucket.ts'

/** Slow enough that no token comes in while the test runs. */
const slow = (capacity: number): Limit => ({ capacity, perSecond: 0.01 })

export const rateLimitsContract = (
  name: string,
  open: (limits: { app: Limit; advertiser: Limit }) => Promise<TokenBuckets>,
) =>
  describe(`${name} keeps calls within the limits`, () => {
    const calls = async (limits: TokenBuckets, advertiserId: string, wanted: number, reserve = 0) =>
      (await limits.take([{ advertiserId, calls: wanted }], reserve)).grants[0]?.calls

    it('grants what is in the bucket, and answers what is short and for how long', async () => {
      const limits = await open({ app: slow(100), advertiser: slow(3) })
      expect(await calls(limits, 'a', 2)).toBe(2)
      const { grants } = await limits.take([{ advertiserId: 'a', calls: 2 }], 0)
      expect(grants).toMatchObject([{ calls: 1, short: 'advertiser' }])
      expect(grants[0]?.waitMs).toBeGreaterThan(10_000)
    })

    it("keeps one advertiser's limit from another's, and all to the app's", async () => {
      const limits = await open({ app: slow(5), advertiser: slow(3) })
      const { grants, left } = await limits.take(
        ['a', 'b', 'c'].map((advertiserId) => ({ advertiserId, calls: 3 })),
        0,
      )
      expect(grants.map((grant) => [grant.calls, grant.short])).toEqual([
        [3, null],
        [2, 'app'],
        [0, 'app'],
      ])
      expect(left).toBe(0)
    })

    it('leaves its reserve to others', async () => {
      const limits = await open({ app: slow(10), advertiser: slow(10) })
      expect(await calls(limits, 'replayed', 10, 0.5)).toBe(5)
      expect(await calls(limits, 'replayed', 1, 0.5)).toBe(0)
      expect(await calls(limits, 'live', 10)).toBe(5)
    })

    it('lets no call go while it is blocked', async () => {
      const limits = await open({ app: slow(10), advertiser: slow(10) })
      await limits.block({ advertiserId: 'a' }, 30_000)
      expect(await calls(limits, 'a', 1)).toBe(0)
      expect(await calls(limits, 'b', 1)).toBe(1)
      await limits.block('app', 30_000)
      const { grants } = await limits.take([{ advertiserId: 'b', calls: 1 }], 0)
      expect(grants[0]).toMatchObject({ calls: 0, short: 'app' })
      expect(grants[0]?.waitMs).toBeGreaterThan(20_000)
    })
  })
