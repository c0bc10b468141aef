/** Windows over leap days and restarts, and clocks that are wrong. */
import { attributionWorld } from '../../support/attribution-world.ts'
import { noon } from '../../support/builders.ts'
import { MemoryConversationStore } from '../../support/memory-conversation-store.ts'

const dayMs = 86_400_000
const at = (date: string) => Date.parse(date) - noon

/** A referral, then a message; the id that the message is credited to. */
const credited = async (
  windowDays: number,
  clickedAt: number,
  writtenAt: number,
): Promise<string | null | undefined> => {
  const { run, messageAt, attributed } = await attributionWorld({ attributionWindowDays: windowDays })
  await run(messageAt(clickedAt, { kind: 'referral', referral: { adId: '7' } }))
  await run(messageAt(writtenAt))
  return attributed.at(-1)?.trackingId
}

describe('the attribution window', () => {
  it.each([
    ['of 7 days over a leap day', 7, '2028-02-26T10:00:00Z', '2028-03-04T10:00:00.000Z', '7'],
    ['of 7 days over a leap day, a millisecond too late', 7, '2028-02-26T10:00:00Z', '2028-03-04T10:00:00.001Z', null],
    ['of 7 days from a leap day on', 7, '2028-02-29T23:59:59Z', '2028-03-07T23:59:59.000Z', '7'],
    ['of 28 days over a leap day', 28, '2028-02-02T10:00:00Z', '2028-03-01T10:00:00.000Z', '7'],
    [
      'of 28 days over a leap day, a millisecond too late',
      28,
      '2028-02-02T10:00:00Z',
      '2028-03-01T10:00:00.001Z',
      null,
    ],
    ['of 28 days without one', 28, '2027-02-02T10:00:00Z', '2027-03-02T10:00:00.000Z', '7'],
    ['of 7 days over the end of summer time in Europe', 7, '2026-10-22T01:30:00Z', '2026-10-29T01:30:00.000Z', '7'],
  ])('%s', async (_name, days, clicked, written, id) => {
    expect(await credited(days, at(clicked), at(written))).toBe(id)
  })

  it('ends at the same moment for a process that was started in between', async () => {
    const first = await attributionWorld({ attributionWindowDays: 7 })
    await first.run(first.messageAt(0, { kind: 'referral', referral: { adId: '7' } }))
    for (const [writtenAt, id] of [
      [7 * dayMs, '7'],
      [7 * dayMs + 1, null],
    ] as const) {
      const store = new MemoryConversationStore(new Map(first.store.values))
      const { run, messageAt, attributed } = await attributionWorld({ attributionWindowDays: 7 }, { store })
      await run(messageAt(writtenAt))
      expect(attributed.at(-1)?.trackingId).toBe(id)
    }
  })
})

describe('a wait for a referral', () => {
  const waitMs = 30_000

  it('lasts no longer when the clock is set back by an hour', async () => {
    const { run, messageAt, attributed, setClock, advanceTo } = await attributionWorld({}, { waitMs })
    await run(messageAt(0, { referralsApart: true }))
    await advanceTo(2_500)
    // What was deferred is due by the broker's clock, which was not set back.
    setClock(-3_600_000)
    await advanceTo(-3_600_000 + waitMs + 20_000)
    expect(attributed.length).toBe(1)
  })

  it('lasts no longer when the clock of the gateway is an hour ahead', async () => {
    const { run, messageAt, attributed, advanceTo } = await attributionWorld({}, { waitMs })
    await run(messageAt(0, { referralsApart: true, receivedAt: noon + 3_600_000 }))
    await advanceTo(waitMs + 6_000)
    expect(attributed.length).toBe(1)
  })

  it('lasts as long as ever when a process an hour behind had begun it', async () => {
    const it = await attributionWorld({}, { waitMs })
    it.setClock(-3_600_000)
    await it.run(it.messageAt(0, { referralsApart: true, receivedAt: noon }))
    it.setClock(1_000)
    await it.advanceTo(20_000)
    expect(it.attributed).toEqual([])
    await it.run(it.messageAt(-500, { referralsApart: true, kind: 'referral', referral: { adId: '178' } }))
    await it.advanceTo(25_000)
    expect(it.attributed.map(({ trackingId }) => trackingId)).toEqual(['178'])
  })

  it('ends in time when a process an hour behind had begun it and no referral comes', async () => {
    const it = await attributionWorld({}, { waitMs })
    it.setClock(-3_600_000)
    await it.run(it.messageAt(0, { referralsApart: true, receivedAt: noon }))
    it.setClock(1_000)
    await it.advanceTo(waitMs + 6_000)
    expect(it.attributed).toHaveLength(1)
  })
})
