import type { Source } from '../../../../services/shared/sources/source.ts'
import { mapped, sources, theOnly } from '../../../support/deliveries.ts'
import { blip, seconds } from '../../../support/partner-bodies.ts'

const mediaLink = 'application/vnd.lime.media-link+json'

describe('the Blip mapping', () => {
  it('gives the same words, written twice, two ids where they bring none', () => {
    const idOf = (at: number) => theOnly('blip', blip({ id: '' }, { '#wa.timestamp': String(seconds + at) })).messageId
    expect(idOf(0)).toMatch(/^derived:/)
    expect(idOf(0)).toBe(idOf(0))
    expect(idOf(1)).not.toBe(idOf(0))
  })

  it.each<[string, object, object]>([
    [
      'a WhatsApp message',
      blip(),
      {
        accountId: 'shop@msging.net',
        channel: 'whatsapp',
        conversationId: 'shop@msging.net:5511900000001@wa.gw.msging.net',
        messageId: 'wamid.b1',
        channelMessageId: 'wamid.b1',
        direction: 'inbound',
        sender: 'user',
        occurredAt: seconds * 1000,
        text: 'oi',
        textOrigin: 'typed',
      },
    ],
    [
      'one that a router forwarded as that of the router',
      blip(
        { id: 'fwd:wamid.b1', from: 'aa@tunnel.msging.net', to: 'sub@msging.net' },
        { '#tunnel.owner': 'router@msging.net/r', '#tunnel.originator': '55@wa.gw.msging.net' },
      ),
      {
        accountId: 'router@msging.net',
        conversationId: 'router@msging.net:55@wa.gw.msging.net',
        messageId: 'wamid.b1',
      },
    ],
    [
      'one that a router forwarded from an address with an instance',
      blip(
        { from: 'aa@tunnel.msging.net/router%40msging.net', to: 'sub@msging.net' },
        { '#tunnel.owner': 'router@msging.net', '#tunnel.originator': '55@wa.gw.msging.net' },
      ),
      { direction: 'inbound', sender: 'user', conversationId: 'router@msging.net:55@wa.gw.msging.net' },
    ],
    [
      'an attendant’s answer',
      blip({ from: 'shop@msging.net/x', to: '55@wa.gw.msging.net', id: 'u-1' }, { '#messageEmitter': 'Human' }),
      {
        direction: 'outbound',
        sender: 'agent',
        conversationId: 'shop@msging.net:55@wa.gw.msging.net',
        channelMessageId: 'u-1',
      },
    ],
    [
      'a flow’s answer as a bot’s',
      blip({ from: 'shop@msging.net', to: '55@wa.gw.msging.net' }, { '#stateName': 'start' }),
      { direction: 'outbound', sender: 'bot', textOrigin: 'automatic' },
    ],
    [
      'a picture with a caption',
      blip({ type: mediaLink, content: { type: 'image/jpeg', uri: 'https://x.example/1', text: 'este' } }),
      { attachments: ['image'], text: 'este', textOrigin: 'caption' },
    ],
    [
      'a voice message',
      blip({ type: mediaLink, content: { type: 'audio/ogg' } }),
      { attachments: ['audio'], text: null },
    ],
    [
      'a place',
      blip({ type: 'application/vnd.lime.location+json', content: { latitude: 1, longitude: 2, text: 'home' } }),
      { attachments: ['location'] },
    ],
    [
      'a reply by its own text, not by the quoted one',
      blip({
        type: 'application/vnd.lime.reply+json',
        content: { replied: { type: 'text/plain', value: 'sim' }, inReplyTo: { type: 'text/plain', value: 'quer?' } },
      }),
      { text: 'sim', textOrigin: 'typed', attachments: [] },
    ],
    ['a text in HTML', blip({ type: 'text/html', content: '<b>n&atilde;o</b>' }), { text: 'não', textOrigin: 'typed' }],
    [
      'an ad’s click without its type',
      blip({}, { '#wa.referral.source_id': '12', '#wa.referral.ctwa_clid': 'A' }),
      { referral: { source: 'meta_ad', adId: '12', clickId: 'A', ref: null, advertiserId: null, url: null } },
    ],
    [
      'a link of its own as a link',
      blip({ type: 'application/vnd.lime.web-link+json', content: { uri: 'https://a.example/?ttclid=1', title: 'a' } }),
      { links: ['https://a.example/?ttclid=1'], attachments: ['link'] },
    ],
  ])('reads %s', (_name, body, expected) => expect(theOnly('blip', body)).toMatchObject(expected))

  it.each<[string, object, string]>([
    ['a receipt', { id: '1', from: 'a@wa.gw.msging.net', to: 'b@msging.net', event: 'consumed' }, 'status'],
    [
      'a typing indicator',
      blip({ type: 'application/vnd.lime.chatstate+json', content: { state: 'composing' } }),
      'typing',
    ],
    ['a ticket', blip({ type: 'application/vnd.iris.ticket+json', content: {} }), 'handover'],
    ['a tracked action', { category: 'a', action: 'b', ownerIdentity: 'r@msging.net' }, 'track'],
    ['a contact', { identity: '1@wa.gw.msging.net', lastMessageDate: 'x' }, 'contact'],
    ['what goes to the desk behind the bot', blip({ from: 'shop@msging.net', to: '7@desk.msging.net/x' }), 'handover'],
    [
      'what a router hands to the bot behind it',
      blip({ from: 'router@msging.net', to: 'sub@tunnel.msging.net/55%40wa.gw.msging.net' }),
      'handover',
    ],
    ['a message between bots', blip({ from: 'shop@msging.net', to: 'other@msging.net' }), 'system'],
    ['a message of nothing', blip({ content: '' }), 'empty'],
    ['who is there', blip({ type: 'application/vnd.lime.presence+json', content: {} }), 'presence'],
    ['a body of another kind', { hello: 1 }, 'unknown'],
  ])('ignores %s', (_name, body, reason) =>
    expect(mapped('blip', body)).toEqual({ events: [], ignored: [reason], failed: [] }),
  )
})

describe('an event track or a contact of Blip', () => {
  const source = sources.get('blip') as Source
  const read = (body: object, keys: Readonly<Record<string, readonly string[]>>, account: string | null = null) =>
    source.map({
      ...{ source: 'blip', account, headers: {}, contentType: 'application/json', receivedAt: seconds * 1000 },
      body: Buffer.from(JSON.stringify(body)),
      outcomeKeysOf: (accountId) => keys[accountId] ?? [],
    })
  const track = {
    ownerIdentity: 'router@msging.net',
    storageDate: '2023-02-27T11:45:12.611Z',
    category: 'payments',
    action: 'success-order',
    contact: { identity: '55@wa.gw.msging.net' },
    identity: 'router@msging.net',
  }
  const contact = {
    identity: '55@wa.gw.msging.net',
    lastMessageDate: '2023-02-27T11:45:12.611Z',
    extras: { plan: 'gold', city: 'Recife', empty: '' },
  }

  it('is an outcome where the connection of its account lists the key', () => {
    const { events, ignored } = read(track, { 'router@msging.net': ['payments'] })
    expect(ignored).toEqual([])
    expect(events).toMatchObject([
      {
        ...{
          kind: 'outcome',
          accountId: 'router@msging.net',
          channel: 'whatsapp',
          sender: 'bot',
          direction: 'outbound',
        },
        conversationId: 'router@msging.net:55@wa.gw.msging.net',
        occurredAt: Date.parse(track.storageDate),
        outcome: { name: 'success-order', value: null, currency: null, reference: null },
      },
    ])
    const extras = read(contact, { shop: ['plan', 'empty'] }, 'shop')
    expect(extras).toMatchObject({
      events: [{ kind: 'outcome', conversationId: 'shop:55@wa.gw.msging.net', outcome: { name: 'gold' } }],
      ignored: [],
      failed: [],
    })
  })

  it('has one id for a value that is sent again, and another for a new value', () => {
    const idOf = (plan: string, more: object = {}) =>
      read({ ...contact, ...more, extras: { plan } }, { shop: ['plan'] }, 'shop').events[0]?.messageId
    expect(idOf('gold', { lastMessageDate: '2024-01-01T00:00:00Z' })).toBe(idOf('gold'))
    expect(idOf('silver')).not.toBe(idOf('gold'))
  })

  it('is ignored once where the connection lists other keys, or is not known', () => {
    const nothing = (reason: string) => ({ events: [], ignored: [reason], failed: [] })
    expect(read(track, { 'router@msging.net': ['other'] })).toEqual(nothing('track'))
    expect(read(track, { 'another@msging.net': ['payments'] })).toEqual(nothing('track'))
    expect(read(contact, { shop: ['other'] }, 'shop')).toEqual(nothing('contact'))
    expect(read(contact, {})).toEqual(nothing('contact'))
  })

  it('without a person fails where its key is listed', () => {
    const { events, failed } = read({ ...track, contact: undefined }, { 'router@msging.net': ['payments'] })
    expect([events, failed.map(({ reason }) => reason)]).toEqual([[], ['body.contact.identity is missing']])
  })
})
