import type { AttributedMessage } from '../../../services/shared/model/topic-values.ts'
import { attributionWorld, type MessageFields } from '../../support/attribution-world.ts'
import { connectionRecord, noon } from '../../support/builders.ts'

const second = 1_000
const minute = 60_000

/** A conversation on a source that delivers referrals as separate events. */
const world = async (...args: Parameters<typeof attributionWorld>) => {
  const made = await attributionWorld(...args)
  const separate = (at: number, fields: MessageFields = {}) => made.messageAt(at, { referralsApart: true, ...fields })
  const referral = (at: number, adId: string, fields: MessageFields = {}) =>
    separate(at, { kind: 'referral', referral: { adId }, ...fields })
  const brief = () =>
    made.attributed.map(({ message, trackingId, startsConversation }: AttributedMessage) => [
      message.message.slice(0, 4),
      trackingId,
      startsConversation,
    ])
  return Object.assign(made, { separate, referral, brief })
}

describe('a conversation on a source with separate referrals', () => {
  it('is forwarded at once when its referral came before', async () => {
    const { run, separate, referral, brief } = await world()
    await run(referral(0, '178'))
    await run(separate(1 * second, { message: 'aaaa'.padEnd(32, '0') }))
    expect(brief()).toEqual([['aaaa', '178', true]])
  })

  it('waits for its referral, and is forwarded with it soon after', async () => {
    const it = await world()
    await it.run(it.separate(0, { message: 'aaaa'.padEnd(32, '0') }))
    expect(it.brief()).toEqual([])
    await it.advanceTo(1_500)
    await it.run(it.referral(-500, '178', { receivedAt: it.now }))
    await it.advanceTo(2 * second)
    expect(it.brief()).toEqual([['aaaa', '178', true]])
    expect(it.deferred).toBe(0)
  })

  it('is credited to a referral with a timestamp shortly after the message’s', async () => {
    const it = await world()
    await it.run(it.separate(0), it.separate(400))
    await it.run(it.referral(900, '178'))
    await it.advanceTo(3 * second)
    expect(it.brief().map(([, trackingId]) => trackingId)).toEqual(['178', '178'])
  })

  it('is forwarded without a referral when the wait is over, and no later', async () => {
    const it = await world({}, { waitMs: 10 * second })
    await it.run(it.separate(0))
    await it.advanceTo(9.5 * second)
    expect(it.brief()).toEqual([])
    await it.advanceTo(11 * second)
    expect(it.brief()).toEqual([[expect.any(String), null, true]])
  })

  it('waits once more when the stages were stopped until shortly before the wait ended', async () => {
    const it = await world({}, { waitMs: 10 * second })
    await it.run(it.separate(0, { message: 'aaaa'.padEnd(32, '0') }))
    it.stopUntil(10.1 * second)
    await it.advanceTo(10.5 * second)
    expect(it.brief()).toEqual([])
    await it.run(it.referral(-500, '178', { receivedAt: it.now }))
    await it.advanceTo(13 * second)
    expect(it.brief()).toEqual([['aaaa', '178', true]])
  })

  it('waits once more when the wait ended while the stages were stopped, because its referral may be in the backlog', async () => {
    const it = await world({}, { waitMs: 3 * second })
    await it.run(it.separate(0, { message: 'aaaa'.padEnd(32, '0') }), it.separate(0, { conversation: 'dd'.repeat(16) }))
    it.stopUntil(20 * second)
    await it.advanceTo(21 * second)
    expect(it.brief()).toEqual([])
    await it.run(it.referral(-500, '178', { receivedAt: it.now }))
    await it.advanceTo(25 * second)
    expect(it.brief()).toEqual([['aaaa', '178', true]])
    await it.advanceTo(35 * second)
    expect(it.brief().slice(1)).toEqual([[expect.any(String), null, true]])
  })

  it('waits for one delay when two copies of its message and its referral come in one backlog', async () => {
    const it = await world({}, { waitMs: 10 * second })
    await it.advanceTo(30 * second)
    const copy = () => it.separate(0, { message: 'aaaa'.padEnd(32, '0') })
    await it.run(copy(), copy())
    expect(it.brief()).toEqual([])
    await it.run(it.referral(-500, '178'))
    await it.advanceTo(33 * second)
    expect(it.brief()).toContainEqual(['aaaa', '178', true])
    expect(it.brief()).not.toContainEqual(['aaaa', null, true])
  })

  it('is not started again by a referral that comes after the wait, which counts for what follows', async () => {
    const it = await world()
    await it.run(it.separate(0))
    await it.advanceTo(40 * second)
    await it.run(it.referral(41 * second, '178'))
    await it.run(it.separate(42 * second))
    expect(it.brief().map((one) => one.slice(1))).toEqual([
      [null, true],
      ['178', false],
    ])
  })

  it('holds later messages behind the one that waits, including the business’s', async () => {
    const it = await world()
    const ids = ['aaaa', 'bbbb', 'cccc', 'dddd'].map((id) => id.padEnd(32, '0'))
    await it.run(it.separate(0, { message: ids[0] as string }))
    await it.advanceTo(700)
    await it.run(it.separate(700, { message: ids[1] as string }))
    await it.run(it.separate(900, { message: ids[2] as string, direction: 'outbound', sender: 'agent' }))
    await it.advanceTo(1_200)
    await it.run(it.referral(-100, '178', { receivedAt: it.now }))
    await it.run(it.separate(1_300, { message: ids[3] as string }))
    await it.advanceTo(10 * second)
    expect(it.brief()).toEqual([
      ['aaaa', '178', true],
      ['bbbb', '178', false],
      ['cccc', '178', false],
      ['dddd', '178', false],
    ])
  })

  it('is started by the earliest of those that waited, whatever their order of arrival', async () => {
    const it = await world()
    await it.run(it.separate(5 * minute, { message: 'bbbb'.padEnd(32, '0'), receivedAt: it.now }))
    await it.run(it.separate(1 * minute, { message: 'aaaa'.padEnd(32, '0'), receivedAt: it.now }))
    await it.advanceTo(40 * second)
    expect(it.brief().sort()).toEqual([
      ['aaaa', null, true],
      ['bbbb', null, false],
    ])
  })

  it('does not wait longer than one delay for an old message, but a referral of the same batch counts', async () => {
    const it = await world()
    const hoursAgo = -3 * 60 * minute
    await it.run(it.separate(hoursAgo), it.referral(hoursAgo - 1, '178'))
    expect(it.brief()).toEqual([[expect.any(String), '178', true]])
    await it.run(it.separate(hoursAgo, { conversation: 'dd'.repeat(16) }))
    await it.advanceTo(1 * second)
    expect(it.brief()).toHaveLength(2)
  })

  it('does not wait for history, nor behind it', async () => {
    const it = await world()
    await it.run(it.separate(0, { backfill: true }), it.separate(1))
    expect(it.brief().map((one) => one.slice(1))).toEqual([
      [null, false],
      [null, false],
    ])
  })

  it('raises nothing after all when history shows, while it waits, that it began long ago', async () => {
    const it = await world()
    await it.run(it.separate(0))
    await it.run(it.separate(-60 * minute, { backfill: true, receivedAt: it.now }))
    await it.advanceTo(2 * second)
    expect(it.brief().map(([, , starts]) => starts)).toEqual([false, false])
  })

  it.each([
    ['an attribution wait of its own', { attributionWaitSeconds: 4 }, 5 * second],
    ['a wait of zero', { attributionWaitSeconds: 0 }, 0],
  ])('waits as its connection sets: %s', async (_name, connection, until) => {
    const it = await world(connection)
    await it.run(it.separate(0))
    await it.advanceTo(until)
    expect(it.brief()).toHaveLength(1)
  })

  it('waits on other sources only if the connection sets a wait', async () => {
    const plain = await world()
    await plain.run(plain.messageAt(0))
    expect(plain.brief()).toHaveLength(1)
    const asked = await world({ attributionWaitSeconds: 5 })
    await asked.run(asked.messageAt(0))
    expect(asked.brief()).toEqual([])
    await asked.advanceTo(6 * second)
    expect(asked.brief()).toHaveLength(1)
  })

  it('waits once, however often its message is redelivered', async () => {
    const it = await world()
    const first = it.separate(0)
    await it.runWithCrash('before saving', first)
    await it.runWithCrash('after saving', first, it.separate(100))
    await it.advanceTo(40 * second)
    expect(new Set(it.attributed.map(({ message }) => message.message)).size).toBe(2)
    expect(
      new Set(it.attributed.filter((one) => one.startsConversation).map(({ message }) => message.message)),
    ).toEqual(new Set([first.message]))
    expect(it.deferred).toBe(0)
  })

  it('holds no message back when the first one is dropped, since its consent has ended', async () => {
    const it = await world()
    await it.run(it.separate(0))
    it.directory.apply('acme-wa', connectionRecord({ status: 'disconnected' }))
    await it.advanceTo(2 * second)
    const earlierConsents = [{ source: 'whatsapp', accountId: '106540352242922', from: noon - 1, to: noon + 1_000 }]
    it.directory.apply('acme-wa', connectionRecord({ connectedAt: noon + 2_500, earlierConsents }))
    await it.run(it.separate(3 * second))
    await it.advanceTo(40 * second)
    expect(it.brief()).toHaveLength(1)
  })

  it('is released soon after the wait when the message before it has gone on and never comes round again', async () => {
    const it = await world({}, { waitMs: 10 * second })
    const [lost, behind] = ['aaaa', 'bbbb'].map((id) => id.padEnd(32, '0')) as [string, string]
    await it.run(it.separate(0, { message: lost }))
    await it.run(it.separate(1 * second, { message: behind }))
    it.loseDeferred(lost)
    await it.advanceTo(3 * minute)
    expect(it.brief()).toEqual([['bbbb', null, true]])
    expect(it.attributed[0]?.at).toBeLessThan(noon + 2 * minute)
    expect(it.deferred).toBe(0)
    // The conversation goes on as any other.
    await it.run(it.separate(4 * minute, { message: 'cccc'.padEnd(32, '0') }))
    expect(it.brief().slice(1)).toEqual([['cccc', null, false]])
  })

  it('is not overtaken after an outage by what came behind it', async () => {
    const it = await world({}, { waitMs: 10 * second })
    const ids = ['aaaa', 'bbbb'].map((id) => id.padEnd(32, '0')) as [string, string]
    await it.run(it.separate(0, { message: ids[0] }), it.separate(1 * second, { message: ids[1] }))
    it.stopUntil(10 * minute)
    await it.advanceTo(12 * minute)
    expect(it.brief()).toEqual([
      ['aaaa', null, true],
      ['bbbb', null, false],
    ])
  })

  it('is not taken for lost after a stop of minutes, in which its record waited in the backlog', async () => {
    const it = await world({}, { waitMs: 10 * second })
    const ids = ['aaaa', 'bbbb'].map((id) => id.padEnd(32, '0')) as [string, string]
    await it.run(it.separate(0, { message: ids[0] }))
    it.stopUntil(30 * second)
    await it.advanceTo(31 * second)
    await it.run(it.separate(31 * second, { message: ids[1] }))
    it.stopUntil(3 * minute)
    // The record of the later message comes first.
    await it.advanceTo(3 * minute, undefined, ids[1])
    await it.advanceTo(4 * minute)
    expect(it.brief()).toEqual([
      ['aaaa', null, true],
      ['bbbb', null, false],
    ])
  })

  it('is released days later behind a message that was lost days ago', async () => {
    const it = await world({}, { waitMs: 10 * second })
    const lost = 'aaaa'.padEnd(32, '0')
    await it.run(it.separate(0, { message: lost }))
    it.loseDeferred(lost)
    const later = 3 * 24 * 60 * minute
    it.stopUntil(later)
    await it.run(it.separate(later, { message: 'bbbb'.padEnd(32, '0') }))
    await it.advanceTo(later + 3 * minute)
    expect(it.brief()).toEqual([['bbbb', null, true]])
  })

  it('stops waiting when a script sends too many messages', async () => {
    const it = await world()
    for (let n = 0; n < 70; n++) await it.run(it.separate(n))
    await it.advanceTo(5 * second)
    expect(it.brief()).toHaveLength(70)
    expect(it.brief().filter(([, , starts]) => starts)).toHaveLength(1)
  })

  it('is deferred for 1 s at first, then for 5 s', async () => {
    const it = await world()
    await it.run(it.separate(0))
    let rounds = 0
    await it.advanceTo(40 * second, () => {
      rounds++
      return undefined
    })
    expect(rounds).toBeLessThanOrEqual(16)
    expect(it.attributed[0]?.at).toBeLessThanOrEqual(it.now - 9 * second)
  })
})
