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

/** Every field of the contract, each value a valid one. */
export const anyEvent: fc.Arbitrary<model.MessageEvent> = fc.record({
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
})
