import { combined } from '../../../../services/dispatch/delivery/combine.ts'
import { partsOf } from '../../../../services/dispatch/destinations/tiktok/encoder.ts'
import { parseProfile } from '../../../../services/dispatch/destinations/tiktok/profile.ts'
import type { FinalResult, PartResult, SendResult } from '../../../../services/dispatch/signal/send-result.ts'
import { numbered, openDispatch } from '../../../support/dispatch-world.ts'

const final = (outcome: FinalResult['outcome'], fields: Partial<FinalResult> = {}): PartResult => ({
  result: { kind: 'final', outcome, code: 0, requestId: 'r', attempt: 1, sentAt: 10, at: 20, ...fields },
  recorded: false,
})
const open = (result: SendResult): PartResult => ({ result, recorded: false })
const notAttempted: SendResult = { kind: 'notAttempted', delay: '10s', reason: 'slow' }
const refused: SendResult = { kind: 'refused', unknownCode: false, reason: 'service' }

describe('a signal of several events', () => {
  it.each<[string, PartResult[], object]>([
    ['accepted when all are', [final('accepted'), final('accepted')], { outcome: 'accepted' }],
    ['accepted when TikTok had one of them', [final('duplicate'), final('accepted')], { outcome: 'accepted' }],
    ['a duplicate when it had all', [final('duplicate'), final('duplicate')], { outcome: 'duplicate' }],
    [
      'rejected, with the code, when one is',
      [final('accepted'), final('rejected', { code: 40002, requestId: 'bad' })],
      { outcome: 'rejected', code: 40002, requestId: 'bad' },
    ],
    ['sent again while one is refused', [final('accepted'), open(refused)], refused],
    ['sent again while one was not sent', [open(notAttempted), final('rejected')], notAttempted],
    ['refused before it is not attempted', [open(notAttempted), open(refused)], refused],
    ['withheld before all', [open(refused), open({ kind: 'withheld' })], { kind: 'withheld' }],
    [
      'of the times of all of them',
      [final('accepted', { sentAt: 5, at: 9 }), final('accepted', { sentAt: 7, at: 30, attempt: 3 })],
      { sentAt: 5, at: 30, attempt: 3 },
    ],
  ])('is %s', (_name, parts, expected) => expect(combined(parts)).toMatchObject(expected))

  it('needs nothing more once the delivery record of all its events is published', () => {
    const recorded = { ...final('accepted'), recorded: true }
    expect(combined([recorded, recorded])).toEqual({ kind: 'recorded' })
    expect(combined([recorded, final('accepted')])).toMatchObject({ kind: 'final', outcome: 'accepted' })
  })
})

describe('one event per flag', () => {
  const profile = parseProfile(
    JSON.stringify({
      name: 'per-flag',
      version: 1,
      eventSource: 'message',
      events: { conversation: { name: 'Conversation' }, keyword: { name: 'Keyword' }, order: { name: 'Order' } },
      trackingId: 'user.ttclid',
      flags: { encoding: 'event_per_flag' },
    }),
  )
  const parts = partsOf(profile) as NonNullable<ReturnType<typeof partsOf>>
  const keyword = numbered('a', 0, { kind: 'keyword', flags: ['payment', 'booking', 'shipping'] })
  const [payment, booking] = parts(keyword).map(({ signalId }) => signalId)
  const world = () => {
    const opened = openDispatch({ profile })
    opened.connect('a')
    return opened
  }

  it('has one outcome, however many events it is', async () => {
    const { run, callSizes, acceptedIds } = world()
    expect((await run([keyword, numbered('a', 1)])).words).toEqual(['accepted', 'accepted'])
    expect(callSizes()).toEqual([4])
    expect(new Set(acceptedIds()).size).toBe(4)
    expect((await run([keyword])).words).toEqual(['dropped recorded'])
  })

  it('is rejected for one bad event, and the others are delivered all the same', async () => {
    const { run, fault, acceptedIds } = world()
    fault({ eventIds: [booking as string], code: 40002, hint: true })
    expect((await run([keyword])).words).toEqual(['rejected'])
    expect(acceptedIds()).toHaveLength(2)
    expect(acceptedIds()).toContain(payment)
  })

  it('is not sent again when the sent log has only a rebuilt record of the whole signal', async () => {
    const { run, sentLog, callSizes } = world()
    const final = { outcome: 'accepted', code: 0, requestId: null, attempt: 1, sentAt: null, at: 1 } as const
    await sentLog.write([{ signal: keyword, final, recorded: true }])
    expect((await run([keyword])).words).toEqual(['dropped recorded'])
    expect(callSizes()).toEqual([])
  })

  it('sends again only the event without a final answer', async () => {
    const { run, fault, clearFaults, callSizes, breakers, repeats } = world()
    fault({ eventIds: [booking as string], code: 47_111 })
    expect((await run([keyword])).words).toEqual(['deferred 10s unknown_code'])
    clearFaults()
    breakers.recovered('a')
    const calls = callSizes().length
    expect((await run([keyword], { topic: 'later', attempt: 2 })).words).toEqual(['accepted'])
    expect(callSizes().slice(calls)).toEqual([1])
    expect(repeats()).toBe(0)
  })
})
