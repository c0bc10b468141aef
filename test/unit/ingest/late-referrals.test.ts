import { openContent } from '../../../services/runtime/keys/sealed-content.ts'
import type { MessageEvent } from '../../../services/shared/model/message-event.ts'
import { markOf } from '../../../services/shared/persons/suppressions.ts'
import { noon } from '../../support/builders.ts'
import { labels, messages, openIngest } from '../../support/ingest-world.ts'

const hour = 3_600_000
const referral = { source: 'link', ref: 'camp-7', adId: null, advertiserId: null, clickId: null, url: null } as const

/** One number connected directly and through a partner, whose copies quote WhatsApp's id. */
const openTenant = async () => {
  const world = await openIngest()
  world.connect({ connectionId: 'acme-partner', source: 'respondio', accountId: 'space' })
  const direct = (fields: Partial<MessageEvent> = {}) => world.eventRecord({ messageId: 'wamid.1', ...fields })
  const partner = (fields: Partial<MessageEvent> = {}) =>
    world.eventRecord({
      source: 'respondio',
      accountId: 'space',
      conversationId: 'contact-5',
      messageId: '77',
      channelMessageId: 'wamid.1',
      ...fields,
    })
  return { ...world, direct, partner }
}

describe('a referral that only the second copy of a message has', () => {
  it('goes to the conversation of the first copy, alone', async () => {
    const { run, direct, partner } = await openTenant()
    const first = await run(direct({ text: 'halo' }))
    const [message] = messages(first)
    const outcomes = await run(partner({ text: 'halo', referral }))
    expect(labels(outcomes)).toEqual(['duplicate', 'forwarded'])
    expect(messages(outcomes)).toEqual([
      expect.objectContaining({
        kind: 'referral',
        conversation: message?.conversation,
        connectionId: 'acme-wa',
        hasReferral: true,
        hasText: false,
        textOrigin: null,
        attachments: [],
      }),
    ])
    expect(outcomes.flat().flatMap((one) => (one.kind === 'forwarded' ? one.records : []))[0]?.key).toBe(
      message?.conversation,
    )
  })

  it.each<[string, 'direct' | 'partner']>([
    ['the channel’s copy is second', 'partner'],
    ['the partner’s copy is second', 'direct'],
  ])('is not lost when %s, in the same batch or after', async (_name, firstOf) => {
    const world = await openTenant()
    const secondOf = firstOf === 'direct' ? 'partner' : 'direct'
    const first = world[firstOf]({ text: 'x' })
    const second = world[secondOf]({ text: 'x', referral })
    expect(labels(await world.run(first, second))).toEqual(['forwarded', 'duplicate', 'forwarded'])
    // A redelivery of both records is decided as before.
    expect(labels(await world.run(second))).toEqual(['duplicate', 'forwarded'])
    expect(labels(await world.run(first))).toEqual(['forwarded'])
  })

  it.each<[string, number]>([
    ['a day earlier', -24 * hour],
    ['a day later', 24 * hour],
  ])('is found where the other source dates the message %s', async (_name, apart) => {
    const { run, direct, partner } = await openTenant()
    await run(direct({ occurredAt: noon }))
    const outcomes = await run(partner({ occurredAt: noon + apart, referral }))
    expect(labels(outcomes)).toEqual(['duplicate', 'forwarded'])
  })
})

describe('a second copy is only a duplicate', () => {
  it.each<[string, Partial<MessageEvent>, Partial<MessageEvent>]>([
    ['without a referral', {}, {}],
    ['whose first copy has the referral too', { referral }, { referral }],
    ['of a first copy that alone has the referral', { referral }, {}],
  ])('%s', async (_name, one, other) => {
    const { run, direct, partner } = await openTenant()
    expect(labels(await run(direct(one), partner(other)))).toEqual(['forwarded', 'duplicate'])
  })
})

describe('a referral that only the second copy has, under the first copy’s connection,', () => {
  it('opens under its key, and belongs to its consent', async () => {
    const { run, direct, partner, keyring, dataKey } = await openTenant()
    await run(direct())
    const [late] = messages(await run(partner({ referral })))
    const key = keyring.connectionKey('acme-wa', dataKey)
    expect(openContent(late?.content as Buffer, key, late?.message ?? '').referral).toMatchObject({ ref: 'camp-7' })
  })

  it('is dropped once that connection is disconnected, or was connected anew', async () => {
    const { run, direct, partner, connect } = await openTenant()
    await run(direct())
    connect({ connectionId: 'acme-wa', connectedAt: noon + hour, revision: 2 })
    expect(labels(await run(partner({ referral })))).toEqual(['duplicate'])
    connect({ connectionId: 'acme-wa', status: 'disconnected', revision: 3 })
    expect(labels(await run(partner({ referral })))).toEqual(['duplicate'])
  })

  it('is dropped once that conversation was forgotten', async () => {
    const { run, direct, partner, suppressions, keyring } = await openTenant()
    const [message] = messages(await run(direct()))
    const record = { source: 'whatsapp', connectionId: null, suppressedAt: noon, actor: 'x' }
    suppressions.apply(markOf(message?.conversation ?? '', keyring), record)
    expect(labels(await run(partner({ referral })))).toEqual(['duplicate'])
  })
})

it('notes nothing for a tenant whose messages come once', async () => {
  const { run, eventRecord, crossSource, connect } = await openIngest()
  connect({ connectionId: 'acme-page', source: 'messenger', accountId: 'page' })
  const claimed: number[] = []
  const claim = crossSource.claim.bind(crossSource)
  crossSource.claim = (entries) => {
    claimed.push(entries.length)
    return claim(entries)
  }
  await run(eventRecord({ messageId: 'wamid.1' }))
  expect(claimed).toEqual([1])
})

it('takes another channel’s message with the same id for another message', async () => {
  const { run, connect, direct, eventRecord } = await openTenant()
  connect({ connectionId: 'acme-line', source: 'line', accountId: 'bot' })
  await run(direct({ messageId: '77' }))
  const other = eventRecord({ source: 'line', channel: 'line', accountId: 'bot', messageId: '77', referral })
  expect(labels(await run(other))).toEqual(['forwarded'])
})
