import { creditOf } from '../../../services/attribution/credit.ts'
import { messageEventSchema } from '../../../services/shared/model/message-event.ts'

const minute = 60_000
const events = (...given: readonly object[]) =>
  given.map((event, at) =>
    messageEventSchema.parse({
      source: 'whatsapp',
      accountId: '1',
      channel: 'whatsapp',
      conversationId: '1:2',
      messageId: `m${at}`,
      kind: 'message',
      direction: 'inbound',
      sender: 'user',
      occurredAt: 1_763_900_000_000 + at * minute,
      ...event,
    }),
  )

describe('the credit of several events', () => {
  it('names the event and the extractor', () => {
    const credit = creditOf(events({ text: 'see https://shop.example/?ttclid=E.C.P.a' }, { text: 'ok' }), null)
    expect(credit).toEqual({ trackingId: 'E.C.P.a', why: 'event 1: links, query ttclid' })
  })

  it('says why a conversation has none, without a word of it', () => {
    expect(creditOf(events({ text: 'hello' }), null)).toEqual({ trackingId: null, why: 'the extractors find no value' })
    const refused = creditOf(events({ text: 'https://shop.example/?ttclid=__CLICKID__' }), null)
    expect(refused).toEqual({ trackingId: null, why: 'the extractors find 1 value that cannot be a tracking ID' })
    const old = creditOf(
      events(
        { text: 'https://shop.example/?ttclid=E.C.P.a' },
        { text: 'ok', occurredAt: 1_763_900_000_000 + 8 * 86_400_000 },
      ),
      null,
    )
    expect(old.trackingId).toBeNull()
    expect(old.why).toBe('no touch counts at that time: event 1: links, query ttclid')
  })

  it('follows the extractors given', () => {
    const own = { from: 'text', query: null, pattern: '(REF-\\d+)', firstMessages: null, only: [] } as const
    expect(creditOf(events({ text: 'REF-12 https://shop.example/?ttclid=E.C.P.a' }), [own]).trackingId).toBe('REF-12')
  })
})
