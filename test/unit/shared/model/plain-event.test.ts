/** The quick check of message events says what the schema says. */
import fc from 'fast-check'
import { earliestTime, maxTextLength, messageEventSchema } from '../../../../services/shared/model/message-event.ts'
import { parseEvent, plainEventOf } from '../../../../services/shared/model/plain-event.ts'
import { anyEvent } from '../../../support/any-event.ts'
import { messageEvent } from '../../../support/builders.ts'

const fields = Object.keys(messageEventSchema.shape)
const referralFields = ['source', 'ref', 'adId', 'advertiserId', 'clickId', 'url']
/** Values that a connector may send in place of any other. */
const anyOther = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, '', ' ', 0, -1, 1.5, Number.NaN, true, [], {}, [''], [null], [undefined]),
  fc.constantFrom<unknown>(
    'message',
    'outcome',
    'tiktok',
    'image',
    ['image'],
    ['no such kind'],
    'Upper',
    'a'.repeat(33),
  ),
  fc.constantFrom<unknown>('x'.repeat(256), 'x'.repeat(257), 'x'.repeat(512), 'x'.repeat(513), 'x y '.repeat(5_000)),
  fc.constantFrom<unknown>(earliestTime, earliestTime - 1, Date.now() + 86_000_000, Date.now() + 87_000_000),
  fc.constantFrom<unknown>(Array(10).fill('a'), Array(11).fill('a'), Array(20).fill('a'), Array(21).fill('a')),
  fc.constantFrom<unknown>(Array(101).fill('image'), Array(1_001).fill('image'), { source: 'link' }, { source: 'x' }),
  fc.anything(),
)

/** An event of which some fields are missing, unknown or of another kind. */
const anyAltered = fc
  .tuple(
    anyEvent,
    fc.array(fc.tuple(fc.constantFrom(...fields, 'unknown'), anyOther), { maxLength: 2 }),
    fc.option(fc.tuple(fc.constantFrom(...referralFields), anyOther)),
    fc.array(fc.constantFrom(...fields), { maxLength: 2 }),
  )
  .map(([event, changes, ofReferral, missing]) => {
    const altered: Record<string, unknown> = { ...event, ...Object.fromEntries(changes) }
    if (ofReferral) altered.referral = { ...event.referral, [ofReferral[0]]: ofReferral[1] }
    for (const field of missing) delete altered[field]
    return altered
  })

describe('the quick check of a message event', () => {
  it('gives what the schema gives, for valid events and all others', () => {
    fc.assert(
      fc.property(fc.oneof(anyEvent, anyAltered, fc.anything()), (value) => {
        const wanted = messageEventSchema.safeParse(value)
        const given = parseEvent(value)
        expect(given.success).toBe(wanted.success)
        expect(given.data).toStrictEqual(wanted.data)
        expect(given.error?.issues).toStrictEqual(wanted.error?.issues)
      }),
      { numRuns: 3_000 },
    )
  })

  it('leaves no usual event to the schema', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        expect(plainEventOf(event) === null).toBe(event.outcome !== null)
      }),
    )
    const cut = plainEventOf(messageEvent({ text: 'a b '.repeat(maxTextLength) }))
    expect(cut?.text?.length).toBeLessThanOrEqual(maxTextLength)
  })
})
