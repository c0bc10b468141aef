import fc from 'fast-check'
import { unpack } from '../../../services/shared/conversations/pack.ts'
import type { Message } from '../../../services/shared/model/topic-values.ts'
import { attributionWorld, type Crash, type MessageFields } from '../../support/attribution-world.ts'

const minute = 60_000
const probeAt = 60 * minute
/** Copies that crashes make of eight held messages are released one after another, for half a minute after the wait of one. */
const allReleasedAt = 5 * minute
const conversation = 'c0'.repeat(16)

/** One event of a conversation; some messages have a tracking ID in their text. */
interface Happening {
  readonly at: number
  readonly what: 'says' | 'says a link' | 'is answered' | 'referral'
  readonly ad: number
}
const happening = fc.record({
  at: fc.integer({ min: 0, max: 10 * minute }),
  what: fc.constantFrom<Happening['what']>('says', 'says', 'says a link', 'is answered', 'referral'),
  ad: fc.integer({ min: 1, max: 3 }),
})
/** Unique times, because events of the same millisecond have no order. */
const happenings = fc
  .uniqueArray(happening, { minLength: 1, maxLength: 9, selector: ({ at }) => at })
  .map((all) => all.sort((a, b) => a.at - b.at))

/** How the events are delivered: order, duplicates, batch sizes and crashes. */
const delivery = fc.record({
  order: fc.array(fc.nat(), { minLength: 9, maxLength: 9 }),
  again: fc.array(fc.nat(8), { maxLength: 4 }),
  cuts: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
  crashes: fc.array(fc.constantFrom<Crash | undefined>('before saving', 'after saving', undefined, undefined), {
    minLength: 1,
    maxLength: 5,
  }),
})
type Delivery = typeof delivery extends fc.Arbitrary<infer T> ? T : never

type World = Awaited<ReturnType<typeof attributionWorld>>

const messagesOf = ({ messageAt }: World, all: readonly Happening[], fields: MessageFields = {}): Message[] =>
  all.map(({ at, what, ad }, n) => {
    const message = n.toString(16).padStart(12, 'e').padEnd(32, '0')
    const more: Record<Happening['what'], MessageFields> = {
      says: { text: 'hola' },
      'says a link': { text: `https://x.example/?ttclid=T${ad}` },
      'is answered': { direction: 'outbound', sender: 'agent' },
      referral: { kind: 'referral', referral: { adId: `${ad}` } },
    }
    return messageAt(at, { message, ...fields, ...more[what] })
  })

const shuffled = <T>(items: readonly T[], order: readonly number[]): T[] =>
  items
    .map((item, n) => ({ item, key: order[n % order.length] as number }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item)

const withAgain = <T>(items: readonly T[], again: readonly number[]): T[] => [
  ...items,
  ...again.flatMap((n) => (items.length > 0 ? [items[n % items.length] as T] : [])),
]

const inBatches = async (world: World, messages: readonly Message[], { cuts, crashes }: Delivery) => {
  let from = 0
  for (let n = 0; from < messages.length; n++) {
    const size = cuts[n % cuts.length] as number
    await world.runWithCrash(crashes[n % crashes.length], ...messages.slice(from, from + size))
    from += size
  }
}

/** The signals that TikTok would get: dispatch sends the first copy of each. */
const signalsOf = ({ attributed }: World) => {
  const signals = new Map<string, string | null>()
  for (const { message, trackingId, startsConversation } of attributed) {
    const id = message.message.slice(0, 12)
    if (startsConversation && !signals.has(`starts ${id}`)) signals.set(`starts ${id}`, trackingId)
    if (message.direction === 'inbound' && !signals.has(`says ${id}`)) signals.set(`says ${id}`, trackingId)
  }
  return signals
}
const starts = (signals: ReadonlyMap<string, unknown>) => [...signals.keys()].filter((key) => key.startsWith('starts'))
const stateOf = ({ store }: World) => {
  const state = unpack(store.values.get(conversation) ?? Buffer.alloc(0))
  return state && { firstMessages: state.firstMessages, touches: state.touches, restarts: state.restarts.length }
}

describe('for any order, duplicates and crashes', () => {
  it('there is one conversation signal, the state is the same, and so are later decisions', async () => {
    await fc.assert(
      fc.asyncProperty(happenings, delivery, async (all, how) => {
        const ordered = await attributionWorld()
        await inBatches(ordered, messagesOf(ordered, all), { ...how, cuts: [1], crashes: [undefined] })
        const mixed = await attributionWorld()
        await inBatches(mixed, withAgain(shuffled(messagesOf(mixed, all), how.order), how.again), how)

        expect(starts(signalsOf(mixed)).length).toBe(starts(signalsOf(ordered)).length)
        expect(starts(signalsOf(mixed)).length).toBeLessThanOrEqual(1)
        expect(stateOf(mixed)).toEqual(stateOf(ordered))
        const after: string[] = []
        for (const world of [ordered, mixed]) {
          const probe = world.messageAt(probeAt, { message: 'ff'.repeat(16), text: 'pago' })
          await world.run(probe)
          after.push(String(world.attributed.at(-1)?.trackingId))
        }
        expect(after[1]).toBe(after[0])
      }),
      { numRuns: 60 },
    )
  })

  it('a message is credited to a touch at or before it, and to the last of those that have come', async () => {
    await fc.assert(
      fc.asyncProperty(happenings, delivery, async (all, how) => {
        // All referrals come first; the messages come in any order.
        const touchesFirst = [...all].sort((a, b) => Number(b.what === 'referral') - Number(a.what === 'referral'))
        const plain = touchesFirst.filter(({ what }) => what !== 'says a link')
        const ordered = await attributionWorld()
        await inBatches(ordered, messagesOf(ordered, plain), { ...how, cuts: [1], crashes: [undefined] })
        const mixed = await attributionWorld()
        const messages = messagesOf(mixed, plain)
        const referrals = messages.filter(({ kind }) => kind === 'referral')
        const rest = shuffled(
          messages.filter(({ kind }) => kind !== 'referral'),
          how.order,
        )
        await inBatches(mixed, [...referrals, ...withAgain(rest, how.again)], how)
        for (const [key, trackingId] of signalsOf(mixed)) {
          if (key.startsWith('says')) expect([key, trackingId]).toEqual([key, signalsOf(ordered).get(key)])
        }
      }),
      { numRuns: 60 },
    )
  })

  it('the signals of messages that wait together are exactly those of the right order', async () => {
    await fc.assert(
      fc.asyncProperty(happenings, delivery, async (everything, how) => {
        // No message ends the wait by a tracking ID of its own, and the referrals come last.
        const all = everything.filter(({ what }) => what !== 'says a link')
        const asked = { attributionWaitSeconds: 60 }
        const ordered = await attributionWorld(asked)
        const now = ordered.now
        const messages = (world: World) => messagesOf(world, all, { receivedAt: now })
        const right = messages(ordered)
        await inBatches(
          ordered,
          [...right.filter(({ kind }) => kind === 'referral'), ...right.filter(({ kind }) => kind !== 'referral')],
          { ...how, cuts: [20], crashes: [undefined] },
        )
        await ordered.advanceTo(allReleasedAt)
        const mixed = await attributionWorld(asked)
        const any = shuffled(messages(mixed), how.order)
        await inBatches(
          mixed,
          withAgain(
            any.filter(({ kind }) => kind !== 'referral'),
            how.again,
          ),
          how,
        )
        // Each crash adds a copy of every deferred message, so limit their number.
        let rounds = 0
        const crash = () => (rounds < 4 ? how.crashes[rounds++ % how.crashes.length] : undefined)
        await mixed.advanceTo(800, crash)
        await mixed.runWithCrash(how.crashes[0], ...any.filter(({ kind }) => kind === 'referral'))
        await mixed.advanceTo(allReleasedAt, crash)
        expect(mixed.deferred).toBe(0)

        // In the right order the first inbound message starts, and each is credited to the last touch before it.
        const inbound = all.flatMap((one, index) => (one.what.startsWith('says') ? [index] : []))
        expect(starts(signalsOf(mixed))).toEqual(
          inbound.length === 0 ? [] : [`starts ${(inbound[0] as number).toString(16).padStart(12, 'e')}`],
        )
        expect(Object.fromEntries([...signalsOf(mixed)].sort())).toEqual(
          Object.fromEntries([...signalsOf(ordered)].sort()),
        )
      }),
      { numRuns: 60 },
    )
  })

  it('the same order of arrival gives the same signals, with any batch sizes and repetitions', async () => {
    const setting = fc.constantFrom({}, { restartAfterQuietHours: 0.05 }, { restartOnNewTouch: true })
    await fc.assert(
      fc.asyncProperty(happenings, delivery, setting, async (all, how, connection) => {
        const once = await attributionWorld(connection)
        const order = shuffled(messagesOf(once, all), how.order)
        await inBatches(once, order, { ...how, cuts: [1], crashes: [undefined] })
        const again = await attributionWorld(connection)
        const same = shuffled(messagesOf(again, all), how.order)
        // The referrals of a batch are decided before its messages, so compare batches of the same sizes.
        await inBatches(again, same, { ...how, cuts: [1] })
        await inBatches(again, same, how)
        expect([...signalsOf(again)]).toEqual([...signalsOf(once)])
      }),
      { numRuns: 60 },
    )
  })
})
