import fc from 'fast-check'
import { crossSourceKeyOf, crossSourceSpanHours } from '../../../services/ingest/copies/cross-source-dedup.ts'
import type { MessageEvent } from '../../../services/shared/model/message-event.ts'
import { messageEvent, noon, testKeyring } from '../../support/builders.ts'
import { labels, openIngest } from '../../support/ingest-world.ts'
import { blip, qiscus, respondio, seconds } from '../../support/partner-bodies.ts'

const hour = 3_600_000
const account = '106540352242922'

/** One tenant with a WhatsApp number connected both directly and through partner platforms. */
const openTenant = async () => {
  const world = await openIngest()
  world.connect({ connectionId: 'acme-qiscus', source: 'qiscus', accountId: 'app-1' })
  world.connect({ connectionId: 'acme-respondio', source: 'respondio', accountId: 'space' })
  world.connect({ connectionId: 'acme-router', source: 'blip', accountId: 'router@msging.net' })
  world.connect({ connectionId: 'acme-bot', source: 'blip', accountId: 'sub@msging.net' })
  const { delivery } = world
  const whatsapp = (id: string, at = seconds) =>
    delivery(
      {
        entry: [
          {
            changes: [
              {
                field: 'messages',
                value: {
                  metadata: { phone_number_id: account },
                  messages: [{ id, from: '55', timestamp: String(at), type: 'text', text: { body: 'oi' } }],
                },
              },
            ],
          },
        ],
      },
      {},
      'whatsapp',
    )
  const byQiscus = (id: string, at = seconds) =>
    delivery(qiscus({ unique_temp_id: `wa_${id}`, unix_timestamp: at }), {}, 'qiscus')
  const byRespondio = (id: string, at = seconds) =>
    delivery(respondio({}, {}, { channelMessageId: id, timestamp: at }), { account: 'space' }, 'respondio')
  const toRouter = (id: string) => delivery(blip({ id, to: 'router@msging.net' }), {}, 'blip')
  const toBot = (id: string, metadata: object = {}) =>
    delivery(blip({ id: `fwd:${id}`, from: 'aa@tunnel.msging.net', to: 'sub@msging.net' }, metadata), {}, 'blip')
  return { ...world, whatsapp, byQiscus, byRespondio, toRouter, toBot }
}

describe('a message that reaches a tenant from two sources', () => {
  it('counts once, whichever comes first', async () => {
    const { run, whatsapp, byQiscus, byRespondio } = await openTenant()
    expect(labels(await run(whatsapp('wamid.1'), byQiscus('wamid.1'), byRespondio('wamid.1')))).toEqual([
      'forwarded',
      'duplicate',
      'duplicate',
    ])
    expect(labels(await run(byQiscus('wamid.2')))).toEqual(['forwarded'])
    expect(labels(await run(whatsapp('wamid.2')))).toEqual(['duplicate'])
  })

  it.each<[string, number]>([
    ['a second later, over the span’s edge', 1],
    ['some minutes earlier', -600],
    ['most of a day later, by another clock', 23 * 3_600],
  ])('counts once when the other source dates it %s', async (_name, apart) => {
    const { run, whatsapp, byQiscus } = await openTenant()
    const span = crossSourceSpanHours * 3_600
    const edge = Math.floor(seconds / span) * span - 1
    expect(labels(await run(whatsapp('wamid.1', edge)))).toEqual(['forwarded'])
    expect(labels(await run(byQiscus('wamid.1', edge + apart)))).toEqual(['duplicate'])
  })

  it('is found by every other copy up to a day apart', async () => {
    const keyring = await testKeyring()
    const spanMs = crossSourceSpanHours * hour
    const day = fc.integer({ min: -24 * hour, max: 24 * hour })
    fc.assert(
      fc.property(fc.integer({ min: noon, max: noon + 10 * spanMs }), day, (at, apart) => {
        const spansOf = (occurredAt: number) => {
          const mark = crossSourceKeyOf(messageEvent({ occurredAt }), true, 'acme', Buffer.alloc(8), keyring)
          return [mark?.at, ...(mark?.alsoAt ?? [])].map((time) => Math.floor((time ?? 0) / spanMs))
        }
        expect(spansOf(at + apart)).toContain(spansOf(at)[0])
      }),
    )
  })

  it('counts once when the other source gives no time', async () => {
    const { run, whatsapp, byQiscus } = await openTenant()
    expect(labels(await run(whatsapp('wamid.1', seconds - 3_600)))).toEqual(['forwarded'])
    expect(labels(await run(byQiscus('wamid.1', 0)))).toEqual(['duplicate'])
  })

  it('passes when its record is delivered again, and the other copy does not', async () => {
    const { run, whatsapp, byQiscus } = await openTenant()
    const [first, second] = [whatsapp('wamid.1'), byQiscus('wamid.1')]
    for (let again = 0; again < 3; again++) {
      expect(labels(await run(first))).toEqual(['forwarded'])
      expect(labels(await run(second))).toEqual(['duplicate'])
    }
  })

  it('counts once at a router and at the bot behind it, with the tunnel’s marks and without', async () => {
    const { run, toRouter, toBot } = await openTenant()
    const tunnel = { '#tunnel.owner': 'router@msging.net', '#tunnel.originator': '5511900000001@wa.gw.msging.net' }
    expect(labels(await run(toRouter('wamid.1'), toBot('wamid.1', tunnel)))).toEqual(['forwarded', 'duplicate'])
    expect(labels(await run(toRouter('wamid.2'), toBot('wamid.2')))).toEqual(['forwarded', 'duplicate'])
    // A web chat has only LIME's id, and the bot's copy does not show that it is a web chat.
    expect(labels(await run(toBot('5f0c'), toRouter('5f0c')))).toEqual(['forwarded', 'duplicate'])
  })

  it('counts once at the channel, the router and the bot', async () => {
    const { run, whatsapp, toRouter, toBot } = await openTenant()
    expect(labels(await run(toBot('wamid.1'), whatsapp('wamid.1'), toRouter('wamid.1')))).toEqual([
      'forwarded',
      'duplicate',
      'duplicate',
    ])
  })
})

describe('two different messages', () => {
  it.each<[string, Partial<MessageEvent>, Partial<MessageEvent>]>([
    ['two messages', { channelMessageId: 'wamid.1' }, { channelMessageId: 'wamid.2' }],
    ['the same id on two channels', { channelMessageId: '77' }, { channelMessageId: '77', channel: 'line' }],
    ['a message and its edit', { channelMessageId: '77' }, { channelMessageId: '77', kind: 'edit', revision: 'e' }],
    ['the same id days apart', { channelMessageId: '77' }, { channelMessageId: '77', occurredAt: noon - 72 * hour }],
    ['no id at either', { channelMessageId: null }, { channelMessageId: null }],
  ])('count separately: %s', async (_name, one, other) => {
    const { run, eventRecord } = await openTenant()
    const by = (source: string, accountId: string, messageId: string, fields: Partial<MessageEvent>) =>
      eventRecord({ source, accountId, messageId, conversationId: messageId, ...fields })
    const outcomes = await run(by('qiscus', 'app-1', 'a', one), by('respondio', 'space', 'b', other))
    expect(labels(outcomes)).toEqual(['forwarded', 'forwarded'])
  })

  it('include the same message of two tenants', async () => {
    const { run, connect, whatsapp, byQiscus } = await openTenant()
    connect({ connectionId: 'acme-qiscus', tenantId: 'other', source: 'qiscus', accountId: 'app-1' })
    expect(labels(await run(whatsapp('wamid.1'), byQiscus('wamid.1')))).toEqual(['forwarded', 'forwarded'])
  })

  it('include those whose equal id a mapping derived', async () => {
    const { run, eventRecord } = await openTenant()
    const [one, other] = [
      eventRecord({ messageId: 'derived:00' }),
      eventRecord({ source: 'qiscus', accountId: 'app-1', messageId: '1', channelMessageId: 'derived:00' }),
    ]
    expect(labels(await run(one, other))).toEqual(['forwarded', 'forwarded'])
  })
})
