/** Arbitrary message events for property tests. */
import fc from 'fast-check'
import * as model from '../../services/shared/model/message-event.ts'
import { noon } from './builders.ts'

/** Line separators included: a reader of lines must not split at them. */
const textOf = (maxLength: number) =>
  fc.oneof(
    fc.string({ minLength: 1, maxLength, unit: 'grapheme' }),
    fc.constantFrom('a\u2028b', 'a\u2029b', 'a\u0085b'),
  )
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })

const anyDecimal = fc.oneof(
  fc.constantFrom('0', '0.5', '149000', '12.50', '999999999999999.999999'),
  fc.integer({ min: 0, max: 1_000_000 }).map(String),
)
const withValue = fc.record({ value: anyDecimal, currency: fc.constantFrom('IDR', 'VND', 'BRL', 'USD') })
const anyAmount = fc.oneof(withValue, fc.constant({ value: null, currency: null }))

/** What the kind of an event says about its other fields. */
const consistent = (event: model.MessageEvent, name: string): model.MessageEvent => {
  const { kind, outcome, sender } = event
  if (kind === 'order') return { ...event, outcome: outcome && { ...outcome, name: null } }
  if (kind !== 'outcome' || outcome === null)
    return { ...event, kind: kind === 'outcome' ? 'message' : kind, outcome: null }
  const by = sender === 'user' ? 'agent' : sender
  return { ...event, direction: 'outbound', sender: by, text: null, outcome: { ...outcome, name } }
}

const anyFields: fc.Arbitrary<model.MessageEvent> = fc.record({
  source: fc.constantFrom('tiktok', 'whatsapp', 'a-partner'),
  accountId: textOf(20),
  channel: fc.constantFrom(...model.channels),
  conversationId: textOf(40),
  messageId: textOf(40),
  kind: fc.constantFrom(...model.kinds),
  direction: fc.constantFrom(...model.directions),
  sender: fc.constantFrom(...model.senders),
  occurredAt: fc.integer({ min: model.earliestTime, max: noon }),
  timeSource: fc.constantFrom(...model.timeSources),
  text: orNull(textOf(200)),
  textOrigin: orNull(fc.constantFrom(...model.textOrigins)),
  links: fc.array(textOf(60), { maxLength: model.maxLinks }),
  attachments: fc.array(fc.constantFrom(...model.attachmentKinds), { maxLength: 5 }),
  referral: orNull(
    fc.record({
      source: fc.constantFrom(...model.referralSources),
      ref: orNull(textOf(30)),
      adId: orNull(textOf(30)),
      advertiserId: orNull(textOf(30)),
      clickId: orNull(textOf(30)),
      url: orNull(textOf(60)),
    }),
  ),
  channelMessageId: orNull(textOf(30)),
  revision: orNull(textOf(30)),
  aliases: fc.array(textOf(30), { maxLength: 3 }),
  backfill: fc.boolean(),
  outcome: orNull(
    fc.tuple(anyAmount, orNull(textOf(20))).map(([amount, reference]) => ({ name: null, ...amount, reference })),
  ),
  contactId: orNull(textOf(30)),
})

/** Every field of the contract, each value a valid one. */
export const anyEvent: fc.Arbitrary<model.MessageEvent> = fc
  .tuple(anyFields, textOf(20))
  .map(([event, name]) => consistent(event, name))
