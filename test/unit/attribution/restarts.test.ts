import { attributionWorld, type MessageFields } from '../../support/attribution-world.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const world = async (...args: Parameters<typeof attributionWorld>) => {
  const made = await attributionWorld(...args)
  const referral = (at: number, adId: string, fields: MessageFields = {}) =>
    made.messageAt(at, { kind: 'referral', referral: { adId }, ...fields })
  const starts = () => made.attributed.map(({ startsConversation }) => startsConversation)
  const trackingIds = () => made.attributed.map(({ trackingId }) => trackingId)
  return Object.assign(made, { referral, starts, trackingIds })
}

describe('a conversation that was started', () => {
  it('is not started again by silence or another ad, unless its connection sets that', async () => {
    const it = await world()
    await it.run(it.referral(0, '1'), it.messageAt(1))
    await it.run(it.referral(3 * day, '2'))
    await it.run(it.messageAt(3 * day + 1))
    expect(it.starts()).toEqual([true, false])
    expect(it.trackingIds()).toEqual(['1', '2'])
  })

  it('is started again after the silence that its connection sets, counted between the person’s messages', async () => {
    const it = await world({ restartAfterQuietHours: 24 })
    const again = it.messageAt(day + 2 * minute)
    await it.run(it.messageAt(0), it.messageAt(minute))
    await it.run(it.messageAt(day, { direction: 'outbound', sender: 'agent' }), again, it.messageAt(day + 3 * minute))
    expect(it.starts()).toEqual([true, false, false, true, false])
    // A redelivery is the same start; an older message starts nothing.
    await it.run(again, it.messageAt(day + minute))
    expect(it.starts().slice(5)).toEqual([true, false])
  })

  it('is started again after a touch with another tracking ID if its connection sets that', async () => {
    const it = await world({ restartOnNewTouch: true })
    await it.run(it.referral(0, '1'), it.messageAt(1))
    await it.run(it.referral(hour, '1'), it.messageAt(hour + 1))
    const other = it.messageAt(2 * hour + 1)
    await it.run(it.referral(2 * hour, '2'), other, it.messageAt(2 * hour + 2))
    await it.run(other)
    expect(it.starts()).toEqual([true, false, true, false, true])
    expect(it.trackingIds().slice(2)).toEqual(['2', '2', '2'])
  })

  it('is started again by pasted links once a day at most, and by ads as often as they come', async () => {
    const it = await world({ restartOnNewTouch: true })
    const pasted = (at: number, id: string) => it.messageAt(at, { text: `https://x.example/?ttclid=${id}` })
    await it.run(it.messageAt(0), pasted(hour, 'friend'), pasted(2 * hour, 'other'))
    expect(it.starts()).toEqual([true, true, false])
    await it.run(it.referral(3 * hour, '7'), it.messageAt(3 * hour + 1))
    expect(it.starts().slice(3)).toEqual([true])
  })

  it('takes no credit from a link that is pasted beside a text after its beginning', async () => {
    const it = await world()
    const link = (at: number) => it.messageAt(at, { text: 'look', links: [`https://x.example/?ttclid=at-${at}`] })
    await it.run(...[0, 1, 2].map((at) => it.messageAt(at, { text: 'hi' })))
    await it.run(link(5 * minute), link(hour))
    expect(it.trackingIds().slice(3)).toEqual([`at-${5 * minute}`, `at-${5 * minute}`])
  })

  it('is started again by an ad that comes after a start without one, but not by one that was there before it', async () => {
    const it = await world({ restartOnNewTouch: true })
    await it.run(it.messageAt(hour))
    await it.run(it.referral(0, '1'), it.messageAt(hour + 1))
    expect(it.starts()).toEqual([true, false])
    await it.run(it.referral(2 * hour, '2'), it.messageAt(2 * hour + 1))
    expect(it.starts()).toEqual([true, false, true])
  })

  it('is not started by history that fills a silence, nor taken back by it', async () => {
    const it = await world({ restartAfterQuietHours: 24 })
    await it.run(it.messageAt(0), it.messageAt(2 * day))
    await it.run(it.messageAt(day, { backfill: true }), it.messageAt(2 * day + 1))
    expect(it.starts()).toEqual([true, true, false, false])
  })

  it('is kept as long as it continues', async () => {
    const it = await world()
    for (let week = 0; week < 4; week++) await it.run(it.messageAt(week * 7 * day), it.messageAt(week * 7 * day + hour))
    // Written with its first messages, then once a week.
    expect(it.touches.map(({ lastAt }) => lastAt)).toHaveLength(4)
  })
})

describe('a person who is known by two ids', () => {
  const [number, business] = ['11'.repeat(16), '22'.repeat(16)]

  it('has one conversation, whichever id a message has, also in one batch', async () => {
    const it = await world()
    await it.run(
      it.messageAt(0, { conversation: number, aliases: [business], text: 'https://x.example/?ttclid=E.1' }),
      it.messageAt(1, { conversation: business }),
    )
    await it.run(it.messageAt(2, { conversation: business }))
    await it.run(it.messageAt(3, { conversation: number }))
    expect(it.starts()).toEqual([true, false, false, false])
    expect(it.trackingIds()).toEqual(['E.1', 'E.1', 'E.1', 'E.1'])
  })

  it('is credited to touches under either id, before and after the ids are linked', async () => {
    const it = await world()
    await it.run(it.referral(0, '1', { conversation: number }))
    await it.run(it.messageAt(1, { conversation: business, aliases: [number] }))
    await it.run(it.referral(2, '2', { conversation: business }))
    await it.run(it.messageAt(3, { conversation: number }))
    expect(it.trackingIds()).toEqual(['1', '2'])
    expect(it.starts()).toEqual([true, false])
  })

  it('has one conversation from the moment the source says that the id changed, without a message under both', async () => {
    const it = await world()
    await it.run(it.messageAt(0, { conversation: number, text: 'https://x.example/?ttclid=E.1' }))
    await it.run(it.messageAt(1, { kind: 'referral', conversation: number, aliases: [business] }))
    await it.run(it.messageAt(2, { conversation: business }))
    expect(it.starts()).toEqual([true, false])
    expect(it.trackingIds()).toEqual(['E.1', 'E.1'])
  })

  it('raises nothing more when two conversations turn out to be one', async () => {
    const it = await world()
    const first = it.messageAt(0, { conversation: number })
    const second = it.messageAt(1, { conversation: business })
    await it.run(first)
    await it.run(second)
    await it.run(it.messageAt(2, { conversation: business, aliases: [number] }))
    await it.run(it.messageAt(3, { conversation: number }), it.messageAt(4, { conversation: business }))
    expect(it.starts()).toEqual([true, true, false, false, false])
    // Both were raised before; redelivered, they give the same signals.
    await it.run(first, second)
    expect(it.starts().slice(5)).toEqual([true, true])
  })

  it('keeps at most 20 other ids, however many a flood of messages names', async () => {
    const it = await world()
    const id = (n: number) => n.toString(16).padStart(32, '0')
    for (let n = 0; n < 15; n++)
      await it.run(
        it.messageAt(n, { conversation: number, aliases: Array.from({ length: 20 }, (_, m) => id(1 + n * 20 + m)) }),
      )
    const last = it.touches.findLast(({ conversation }) => conversation === number)
    expect(last?.aliases).toHaveLength(20)
    expect(last?.aliases[0]).toBe(id(1))
    expect(new Set(it.touches.map(({ conversation }) => conversation)).size).toBeLessThanOrEqual(21)
    // One more message writes no more than its own conversation's records.
    const before = it.touches.length
    await it.run(it.messageAt(100, { conversation: number, aliases: [id(9_999)] }))
    expect(it.touches.length - before).toBeLessThanOrEqual(21)
    expect(it.starts().filter(Boolean)).toHaveLength(1)
  })

  it('keeps one conversation through a third id', async () => {
    const third = '33'.repeat(16)
    const it = await world()
    await it.run(it.messageAt(0, { conversation: number }))
    await it.run(it.messageAt(1, { conversation: business, aliases: [number] }))
    await it.run(it.messageAt(2, { conversation: third, aliases: [business] }))
    await it.run(it.messageAt(3, { conversation: number }), it.messageAt(4, { conversation: third }))
    expect(it.starts()).toEqual([true, false, false, false, false])
  })
})
