import type { AttributedMessage } from '../../../services/shared/model/topic-values.ts'
import { attributionWorld, type Saying } from '../../support/attribution-world.ts'
import { connectionRecord } from '../../support/builders.ts'

const second = 1_000
const minute = 60_000

/** A conversation on a source that delivers referrals as events of their own. */
const world = async (...args: Parameters<typeof attributionWorld>) => {
  const made = await attributionWorld(...args)
  const apart = (at: number, fields: Saying = {}) => made.says(at, { referralsApart: true, ...fields })
  const referral = (at: number, adId: string, fields: Saying = {}) =>
    apart(at, { kind: 'referral', referral: { adId }, ...fields })
  const brief = () =>
    made.attributed.map(({ message, trackingId, startsConversation }: AttributedMessage) => [
      message.message.slice(0, 4),
      trackingId,
      startsConversation,
    ])
  return Object.assign(made, { apart, referral, brief })
}

describe('a conversation on a source that delivers referrals apart', () => {
  it('goes on at once when its referral came before', async () => {
    const { run, apart, referral, brief } = await world()
    await run(referral(0, '178'))
    await run(apart(1 * second, { message: 'aaaa'.padEnd(32, '0') }))
    expect(brief()).toEqual([['aaaa', '178', true]])
  })

  it('waits for its referral, and goes on with it soon after that came', async () => {
    const it = await world()
    await it.run(it.apart(0, { message: 'aaaa'.padEnd(32, '0') }))
    expect(it.brief()).toEqual([])
    await it.passes(1_500)
    await it.run(it.referral(-500, '178', { receivedAt: it.now }))
    await it.passes(2 * second)
    expect(it.brief()).toEqual([['aaaa', '178', true]])
    expect(it.waiting).toBe(0)
  })

  it('is credited to a referral whose clock is a little ahead of the message’s', async () => {
    const it = await world()
    await it.run(it.apart(0), it.apart(400))
    await it.run(it.referral(900, '178'))
    await it.passes(3 * second)
    expect(it.brief().map(([, trackingId]) => trackingId)).toEqual(['178', '178'])
  })

  it('goes on without one when the wait is over, and no later', async () => {
    const it = await world({}, { waitMs: 10 * second })
    await it.run(it.apart(0))
    await it.passes(9.5 * second)
    expect(it.brief()).toEqual([])
    await it.passes(11 * second)
    expect(it.brief()).toEqual([[expect.any(String), null, true]])
  })

  it('waits once more where the wait ended while the stages stood still, since its referral may stand in the backlog', async () => {
    const it = await world({}, { waitMs: 3 * second })
    await it.run(it.apart(0, { message: 'aaaa'.padEnd(32, '0') }), it.apart(0, { conversation: 'dd'.repeat(16) }))
    it.standsStill(20 * second)
    await it.passes(21 * second)
    expect(it.brief()).toEqual([])
    await it.run(it.referral(-500, '178', { receivedAt: it.now }))
    await it.passes(25 * second)
    expect(it.brief()).toEqual([['aaaa', '178', true]])
    await it.passes(35 * second)
    expect(it.brief().slice(1)).toEqual([[expect.any(String), null, true]])
  })

  it('is not started again by a referral that comes after the wait, which counts for what follows', async () => {
    const it = await world()
    await it.run(it.apart(0))
    await it.passes(40 * second)
    await it.run(it.referral(41 * second, '178'))
    await it.run(it.apart(42 * second))
    expect(it.brief().map((one) => one.slice(1))).toEqual([
      [null, true],
      ['178', false],
    ])
  })

  it('keeps what follows behind the message that waits, the business’s answers included', async () => {
    const it = await world()
    const ids = ['aaaa', 'bbbb', 'cccc', 'dddd'].map((id) => id.padEnd(32, '0'))
    await it.run(it.apart(0, { message: ids[0] as string }))
    await it.passes(700)
    await it.run(it.apart(700, { message: ids[1] as string }))
    await it.run(it.apart(900, { message: ids[2] as string, direction: 'outbound', sender: 'agent' }))
    await it.passes(1_200)
    await it.run(it.referral(-100, '178', { receivedAt: it.now }))
    await it.run(it.apart(1_300, { message: ids[3] as string }))
    await it.passes(10 * second)
    expect(it.brief()).toEqual([
      ['aaaa', '178', true],
      ['bbbb', '178', false],
      ['cccc', '178', false],
      ['dddd', '178', false],
    ])
  })

  it('is started by the earliest of those that waited, whatever their order of arrival', async () => {
    const it = await world()
    await it.run(it.apart(5 * minute, { message: 'bbbb'.padEnd(32, '0'), receivedAt: it.now }))
    await it.run(it.apart(1 * minute, { message: 'aaaa'.padEnd(32, '0'), receivedAt: it.now }))
    await it.passes(40 * second)
    expect(it.brief().sort()).toEqual([
      ['aaaa', null, true],
      ['bbbb', null, false],
    ])
  })

  it('does not wait again for what lies long behind: in a backlog a referral of the same batch counts, else one round is enough', async () => {
    const it = await world()
    const hoursAgo = -3 * 60 * minute
    await it.run(it.apart(hoursAgo), it.referral(hoursAgo - 1, '178'))
    expect(it.brief()).toEqual([[expect.any(String), '178', true]])
    await it.run(it.apart(hoursAgo, { conversation: 'dd'.repeat(16) }))
    await it.passes(1 * second)
    expect(it.brief()).toHaveLength(2)
  })

  it('does not wait for history, nor behind it', async () => {
    const it = await world()
    await it.run(it.apart(0, { backfill: true }), it.apart(1))
    expect(it.brief().map((one) => one.slice(1))).toEqual([
      [null, false],
      [null, false],
    ])
  })

  it('raises nothing after all when history shows, while it waits, that it began long ago', async () => {
    const it = await world()
    await it.run(it.apart(0))
    await it.run(it.apart(-60 * minute, { backfill: true, receivedAt: it.now }))
    await it.passes(2 * second)
    expect(it.brief().map(([, , starts]) => starts)).toEqual([false, false])
  })

  it.each([
    ['an attribution wait of its own', { attributionWaitSeconds: 4 }, 5 * second],
    ['a wait of zero', { attributionWaitSeconds: 0 }, 0],
  ])('waits as its connection says: %s', async (_name, connection, until) => {
    const it = await world(connection)
    await it.run(it.apart(0))
    await it.passes(until)
    expect(it.brief()).toHaveLength(1)
  })

  it('waits on other sources only where the connection asks for it', async () => {
    const plain = await world()
    await plain.run(plain.says(0))
    expect(plain.brief()).toHaveLength(1)
    const asked = await world({ attributionWaitSeconds: 5 })
    await asked.run(asked.says(0))
    expect(asked.brief()).toEqual([])
    await asked.passes(6 * second)
    expect(asked.brief()).toHaveLength(1)
  })

  it('waits once, however often its message is delivered again', async () => {
    const it = await world()
    const first = it.apart(0)
    await it.runThrough('before saving', first)
    await it.runThrough('after saving', first, it.apart(100))
    await it.passes(40 * second)
    expect(new Set(it.attributed.map(({ message }) => message.message)).size).toBe(2)
    expect(
      new Set(it.attributed.filter((one) => one.startsConversation).map(({ message }) => message.message)),
    ).toEqual(new Set([first.message]))
    expect(it.waiting).toBe(0)
  })

  it('holds nobody back when its message ends here', async () => {
    const it = await world()
    await it.run(it.apart(0))
    it.directory.apply('acme-wa', connectionRecord({ status: 'disconnected' }))
    await it.passes(2 * second)
    it.directory.apply('acme-wa', connectionRecord())
    await it.run(it.apart(3 * second))
    await it.passes(40 * second)
    expect(it.brief()).toHaveLength(1)
  })

  it('is not held back by a script that writes without end', async () => {
    const it = await world()
    for (let n = 0; n < 70; n++) await it.run(it.apart(n))
    await it.passes(5 * second)
    expect(it.brief()).toHaveLength(70)
    expect(it.brief().filter(([, , starts]) => starts)).toHaveLength(1)
  })

  it('costs a look a second at first, then one in five', async () => {
    const it = await world()
    await it.run(it.apart(0))
    let rounds = 0
    await it.passes(40 * second, () => {
      rounds++
      return undefined
    })
    expect(rounds).toBeLessThanOrEqual(16)
    expect(it.attributed[0]?.at).toBeLessThanOrEqual(it.now - 9 * second)
  })
})
