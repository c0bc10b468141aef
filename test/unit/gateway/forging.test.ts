/** One advertiser with a secret of its own speaks for another, on every source: what the gateway stores of it, and what ingest makes of that. */
import type { RawDelivery } from '../../../services/shared/sources/index.ts'
import { deliveryOf } from '../../support/deliveries.ts'
import {
  accountNamed,
  attackersSecret,
  forgedSeconds,
  forgingCases,
  hmacOf,
  tiktokBody,
} from '../../support/forging-cases.ts'
import { type GatewayWorld, openGatewayWorld } from '../../support/gateway-world.ts'
import { problemOf } from '../../support/http-status.ts'
import { messages, openIngest } from '../../support/ingest-world.ts'

describe.each(forgingCases.map((one) => [one.source, one] as const))(
  '%s',
  (source, { sign, body, headers, tricks = [], ...more }) => {
    const [attacker, victim] = [accountNamed(source, 'A'), accountNamed(source, 'B')]

    const open = async (secretOfVictim?: string) => {
      const world = await openGatewayWorld({ [source]: ['the secret of the source'] })
      const ingest = await openIngest(world)
      for (const [accountId, secret] of [
        [attacker, attackersSecret],
        [victim, secretOfVictim],
      ] as const) {
        const fields = { connectionId: accountId, tenantId: accountId, source, accountId, reportOrders: true }
        world.connect({ ...fields, ...(secret === undefined ? {} : { secret }) })
        ingest.connect(fields)
      }
      return { world, ingest }
    }
    const signed = (content: object, secret: string, fields: Partial<RawDelivery> = {}): RawDelivery => {
      const text = JSON.stringify(content)
      return deliveryOf(source, text, {
        account: null,
        ...fields,
        headers: { ...fields.headers, ...sign(text, secret) },
      })
    }
    /** Connections that ingest would report for, of what the gateway stored. */
    const reached = async (
      world: GatewayWorld,
      ingest: Awaited<ReturnType<typeof openIngest>>,
      delivery: RawDelivery,
    ): Promise<string[]> => {
      const { stored } = world.accept(delivery)
      const records = stored.map(({ record }) => ingest.recordOf({ ...record, headers: record.headers ?? {} }))
      const all = await Promise.all(records.map((record) => ingest.run(record)))
      return messages(all.flat()).map(({ connectionId }) => connectionId)
    }

    it('takes what each account signs with its own secret, or with that of the source', async () => {
      const { world, ingest } = await open()
      const honest = (account: string, secret: string) =>
        reached(world, ingest, signed(body(account), secret, { headers: headers?.(account) ?? {} }))
      expect(await honest(attacker, attackersSecret)).toEqual([attacker])
      expect(await honest(victim, 'the secret of the source')).toEqual([victim])
    })

    it("does not take the source's secret for an account with its own", async () => {
      const { world } = await open()
      const delivery = signed(body(attacker), 'the secret of the source', { headers: headers?.(attacker) ?? {} })
      expect(problemOf(() => world.accept(delivery))).toMatchObject({ status: 401 })
    })

    it.each([
      ['without an account in the address', null, undefined],
      ["with the attacker's account in the address", 'attacker', undefined],
      ["with the victim's account in the address", 'victim', undefined],
      ['where the victim has a secret of its own', null, 'the secret of B'],
    ] as const)("does not take another account's body, %s", async (_name, addressed, secretOfVictim) => {
      const { world } = await open(secretOfVictim)
      const account = addressed === null ? null : addressed === 'attacker' ? attacker : victim
      const delivery = signed(body(victim), attackersSecret, { account, headers: headers?.(victim) ?? {} })
      expect(problemOf(() => world.accept(delivery))?.status).toBeGreaterThanOrEqual(400)
    })

    it('lets no body that also names the attacker speak for another', async () => {
      for (const trick of tricks) {
        for (const account of [null, attacker]) {
          const { world, ingest } = await open()
          const delivery = signed(trick, attackersSecret, {
            account,
            headers: more.trickHeaders ?? headers?.(attacker) ?? {},
          })
          const all = problemOf(() => world.accept(delivery)) === null ? await reached(world, ingest, delivery) : []
          expect(all.filter((connection) => connection !== attacker)).toEqual([])
        }
      }
    })
  },
)

describe('a withdrawal', () => {
  it('of another account is refused by the gateway', async () => {
    const world = await openGatewayWorld({ tiktok: ['the secret of the source'] })
    world.connect({ connectionId: 'A', source: 'tiktok', accountId: 'A', secret: attackersSecret })
    world.connect({ connectionId: 'B', source: 'tiktok', accountId: 'B' })
    const body = JSON.stringify(tiktokBody('B', 'authorization.removed', { reason: 1 }))
    const headers = {
      'tiktok-signature': `t=${forgedSeconds},s=${hmacOf(`${forgedSeconds}.${body}`, attackersSecret, 'hex')}`,
    }
    for (const account of [null, 'A', 'B'])
      expect(problemOf(() => world.accept(deliveryOf('tiktok', body, { account, headers })))?.status).toBeGreaterThan(
        399,
      )
  })
})
