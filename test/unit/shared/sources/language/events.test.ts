import { parseMapping } from '../../../../../services/shared/sources/index.ts'
import { deliveryOf } from '../../../../support/deliveries.ts'
import { documentOf, eventOf, item, sourceOf } from '../../../../support/mapping.ts'

const map = (rule: object, ...items: unknown[]) => sourceOf(rule).map(deliveryOf('example', { items }))

describe('accounts', () => {
  const accountId = { first: ['body.page', 'headers.x-org', 'delivery.account'] }
  it.each<[string, object, string]>([
    ['the body', { body: { page: 'p' }, headers: { 'x-org': 'o' } }, 'p'],
    ['a header, where the body says nothing', { body: { page: '' }, headers: { 'x-org': 'o' } }, 'o'],
    ['the address, where neither does', { account: 'a' }, 'a'],
  ])('come from %s', (_name, delivery, expected) => {
    expect(eventOf({ accountId }, {}, delivery).accountId).toBe(expected)
  })
})

describe('ids', () => {
  it.each<[string, object, object, string]>([
    ['a number', {}, { id: 7 }, '7'],
    ['the first of several that is one', { messageId: { first: ['item.tmp', 'item.id'] } }, { tmp: '0' }, 'm1'],
    ['a template', { messageId: { template: '{item.from}:{item.id}' } }, {}, 'person:m1'],
    ['a case', { messageId: { cases: [{ when: { value: 'item.text', exists: true }, is: 'item.id' }] } }, {}, 'm1'],
  ])('may be %s', (_name, rule, fields, expected) => expect(eventOf(rule, fields).messageId).toBe(expected))

  it('above 2^53 keep the digits of the body', () => {
    const text =
      '{"items": [{"from": 12345678901234567890, "id": -9007199254740993, "text": "a:1234567890123456789", "at": 1764060000000}]}'
    const [event] = sourceOf().map(deliveryOf('example', text)).events
    expect(event).toMatchObject({
      conversationId: '12345678901234567890',
      messageId: '-9007199254740993',
      text: 'a:1234567890123456789',
    })
  })

  it.each([0, '0', '', null, undefined])(
    'that are %p are derived from stable parts: the same for the same, another for another',
    (id) => {
      const rule = { derivedFrom: ['item.from', 'item.text'] }
      const ids = ['a', 'a', 'b'].map((text) => eventOf(rule, { id, text }).messageId)
      expect(ids[0]).toMatch(/^derived:[0-9a-f]{32}$/)
      expect(ids[1]).toBe(ids[0])
      expect(ids[2]).not.toBe(ids[0])
    },
  )

  it('of a redelivery are the same if the parts that change are left out', () => {
    const rule = { messageId: { const: '' }, derivedFrom: [{ of: 'item', without: ['attempt'] }] }
    expect(eventOf(rule, { attempt: 1 }).messageId).toBe(eventOf(rule, { attempt: 2 }).messageId)
  })

  it('that are missing fail their item only', () => {
    const { events, failed } = map({}, { ...item, id: 0 }, { ...item, from: '' }, item)
    expect(events).toHaveLength(1)
    expect(failed).toEqual([
      { rule: 'rules.0', reason: 'messageId is missing or too long' },
      { rule: 'rules.0', reason: 'conversationId is missing or too long' },
    ])
  })
})

describe('direction and sender', () => {
  const cases = (when: object, is: string, otherwise: string) => ({
    cases: [{ when, is: { const: is } }],
    otherwise: { const: otherwise },
  })
  it.each<[string, unknown, object, string]>([
    ['a constant', 'outbound', {}, 'outbound'],
    ['a map', { of: 'item.dir', map: { in: 'inbound', out: 'outbound' } }, { dir: 'out' }, 'outbound'],
    ['a map of a flag', { of: 'item.echo', map: { true: 'outbound', false: 'inbound' } }, { echo: true }, 'outbound'],
    ['a prefix', cases({ value: 'item.from', prefix: 'page_' }, 'outbound', 'inbound'), { from: 'page_1' }, 'outbound'],
    [
      'two equal paths',
      cases({ value: 'item.from', same: 'item.page' }, 'outbound', 'inbound'),
      { from: '7', page: 7 },
      'outbound',
    ],
    ['a flag', cases({ value: 'item.echo', equals: true }, 'outbound', 'inbound'), { echo: 'true' }, 'inbound'],
    ['nothing that is there', { of: 'item.dir', map: { out: 'outbound' } }, {}, 'inbound'],
  ])('are mapped by %s', (_name, direction, fields, expected) => {
    expect(eventOf({ direction }, fields).direction).toBe(expected)
  })

  it('follow ordered rules', () => {
    const sender = {
      cases: [
        { when: { value: 'item.bot', exists: true }, is: { const: 'bot' } },
        { when: { value: 'item.by', in: ['staff', 'admin'] }, is: { const: 'agent' } },
      ],
      otherwise: { const: 'user' },
    }
    expect([{ bot: 1, by: 'staff' }, { by: 'admin' }, {}].map((fields) => eventOf({ sender }, fields).sender)).toEqual([
      'bot',
      'agent',
      'user',
    ])
  })

  it('that yield none of the contract’s constants fail their item', () => {
    const { events, failed } = map({ sender: { of: 'item.by' } }, { ...item, by: 'martian' }, { ...item, by: 'bot' })
    expect(events).toHaveLength(1)
    expect(failed).toEqual([{ rule: 'rules.0', reason: "sender is none of the contract's" }])
  })
})

describe('text', () => {
  it('is the first hit, with its origin', () => {
    const text = [
      { of: 'item.text', origin: 'typed' },
      { of: 'item.caption', origin: 'caption', when: { value: 'item.media', exists: true } },
      { of: 'item.title', origin: { of: 'item.whose', map: { form: 'form' }, otherwise: 'button' } },
    ]
    const words = (fields: object) => {
      const event = eventOf({ text }, { text: '', ...fields })
      return [event.text, event.textOrigin]
    }
    expect(words({ caption: 'c', media: 1 })).toEqual(['c', 'caption'])
    expect(words({ caption: 'c', title: 't' })).toEqual(['t', 'button'])
    expect(words({ title: 't', whose: 'form' })).toEqual(['t', 'form'])
  })

  it.each<[string, string, string]>([
    ['tags', '<p class="a>b">Ada &amp; <b>siap</b></p>', 'b">Ada & siap'],
    ['line breaks', 'one<br/>two<br />three<p>four</p>five', 'one\ntwo\nthree\nfour\nfive'],
    ['blocks, which part words', 'halo<div>bayar</div><ul><li>satu</li><li>dua</li></ul>', 'halo\nbayar\nsatu\ndua'],
    ['cells, which part words', '<table><tr><th>Total</th><td>10</td></tr><tr><td>x</td></tr></table>', 'Total 10\nx'],
    ['what a browser keeps to itself', 'a<style>p{}</style><script>x<y</script><!-- <b>no</b> -->b', 'ab'],
    ['entities, once', '&lt;b&gt; &#233;&#xe9; &amp;lt; &nbsp;&unknown;', '<b> éé &lt;  &unknown;'],
    [
      'entities of letters and signs',
      '&iquest;Cu&aacute;nto? &Eacute;s m&agrave;s &lt;10&nbsp;&euro;&hellip; &#146;',
      '¿Cuánto? És màs <10 €… ’',
    ],
    ['entities that HTML does not have', '&nosuch; &; &NTILDE; & co &ntilde', '&nosuch; &; &NTILDE; & co &ntilde'],
    ['what is no tag', 'a < b and 3<4, x<y', 'a < b and 3<4, x<y'],
    ['a comment that never ends', 'a<!-- b <p>c', 'a<!-- b <p>c'],
    ['a code point that is none', 'x&#x110000;&#xd800;&#0;y', 'xy'],
  ])('in HTML loses %s', (_name, html, expected) => {
    expect(eventOf({ text: [{ of: 'item.text', origin: 'typed', html: true }] }, { text: html }).text).toBe(expected)
  })

  it('is cut at the contract’s length, never through a character', () => {
    const text = `${'a'.repeat(16_383)}🙏tail`
    expect(eventOf({}, { text }).text).toBe('a'.repeat(16_383))
  })
})

describe('attachments', () => {
  const types = { pic: 'image', note: null }
  it.each<[string, unknown[], object, string[]]>([
    [
      'a list by type',
      [{ each: 'item.media', type: 'k', map: types }],
      { media: [{ k: 'pic' }, { k: 'note' }, { k: 'x' }, 'y'] },
      ['image', 'other', 'other'],
    ],
    ['a list of types', [{ each: 'item.media', map: types, otherwise: null }], { media: ['pic', 'x'] }, ['image']],
    [
      'a value for each',
      [{ each: 'item.media', type: { of: { of: 'item.url', extension: true } }, map: { jpg: 'image' } }],
      { media: [{ url: 'a/b.JPG?x=1' }] },
      ['image'],
    ],
    ['one place', [{ of: 'item.type', map: types }], { type: 'pic' }, ['image']],
    ['a constant', [{ const: 'location', when: { value: 'item.lat', exists: true } }], { lat: 1 }, ['location']],
  ])('are mapped by %s', (_name, attachments, fields, expected) => {
    expect(eventOf({ attachments }, fields).attachments).toEqual(expected)
  })
})

describe('referrals', () => {
  const referral = [
    {
      when: { value: 'item.ad', is: 'object' },
      source: { of: 'item.ad.type', map: { ad: 'meta_ad' }, otherwise: 'other' },
      adId: 'item.ad.id',
    },
    { source: 'link', ref: { of: 'item.link', query: 'ref' }, clickId: { of: 'item.link', query: 'ttclid' } },
    { source: 'other', ref: 'item.ref' },
  ]
  const nothing = { ref: null, adId: null, advertiserId: null, clickId: null, url: null }
  it.each<[string, object, object | null]>([
    ['whose condition holds', { ad: { type: 'ad', id: 6 } }, { ...nothing, source: 'meta_ad', adId: '6' }],
    [
      'of which a field is there',
      { link: 'https://a.example/?ref=promo%2F1&ttclid=' },
      { ...nothing, source: 'link', ref: 'promo/1' },
    ],
    ['behind one whose fields are empty', { link: '/path?ref=', ref: 'r' }, { ...nothing, source: 'other', ref: 'r' }],
    ['where there is any', { link: '', ref: '' }, null],
  ])('come from the first entry %s', (_name, fields, expected) =>
    expect(eventOf({ referral }, fields).referral).toEqual(expected),
  )
})

describe('markers', () => {
  const kind = {
    of: 'item.type',
    map: { edited: 'edit', removed: 'deletion', opened: 'referral' },
    otherwise: 'message',
  }
  it('mark edits, deletions, referrals and history', () => {
    const rule = {
      kind,
      revision: 'item.rev',
      channelMessageId: 'item.wamid',
      aliases: ['item.alias', 'item.from'],
      backfill: { value: 'item.old', equals: true },
    }
    expect(eventOf(rule, { type: 'edited', rev: 2, wamid: '0', alias: 'a', old: true })).toMatchObject({
      kind: 'edit',
      text: 'hola',
      revision: '2',
      channelMessageId: null,
      aliases: ['a'],
      backfill: true,
    })
    expect(eventOf(rule, { type: 'removed' })).toMatchObject({
      kind: 'deletion',
      text: null,
      attachments: [],
      backfill: false,
    })
    expect(eventOf(rule, { type: 'opened' })).toMatchObject({ kind: 'referral', text: null })
  })

  it('keep a tap without a text if the rule counts it', () => {
    expect(eventOf({ keepEmpty: true }, { text: '' }).text).toBeNull()
    expect(map({}, { ...item, text: '' }).ignored).toEqual(['empty'])
  })
})

describe('rules', () => {
  const nested = {
    rules: [
      {
        each: { page: 'body.pages[]', thread: 'page.threads[]', raw: 'thread.items[]' },
        json: { item: 'raw' },
        let: {
          kind: { of: 'item.type' },
          isNote: { cases: [{ when: { value: 'kind', equals: 'note' }, is: { const: true } }] },
        },
        choose: 'first',
        otherwise: 'unknown',
        rules: [
          { when: { value: 'kind', in: ['seen', 'read'] }, ignore: 'read' },
          { when: { value: 'kind', prefix: 'typ' }, ignore: 'typing' },
          {
            when: { all: [{ value: 'isNote', equals: true }, { not: { value: 'item.public', exists: true } }] },
            ignore: 'internal_note',
          },
          {
            when: {
              any: [
                { value: 'item.text', contains: '!' },
                { value: 'item.text', suffix: '?' },
              ],
            },
            event: {
              accountId: 'page.id',
              channel: 'other',
              conversationId: { template: '{page.id}:{thread.key}' },
              messageId: 'item.id',
              kind: 'message',
              direction: 'inbound',
              sender: 'user',
              time: [{ of: 'body.at', unit: 's', source: 'delivery' }],
              text: [{ of: 'item.text', origin: 'typed' }],
            },
          },
        ],
      },
    ],
    recognise: { value: 'body.pages', is: 'list' },
  }
  it('take items from nested lists with access to outer levels, and from strings of JSON or objects', () => {
    const body = {
      at: '1764060000',
      pages: [
        {
          id: 'p1',
          threads: [{ key: 't', items: ['{"id":"1","text":"hola!"}', { id: '2', text: 'que?' }, { type: 'seen' }] }],
        },
        {
          id: 'p2',
          threads: [{ key: 't', items: [{ type: 'typing' }, { type: 'note' }, { id: '3', text: '!' }, '{broken', 7] }],
        },
      ],
    }
    const { events, ignored } = parseMapping(documentOf({}, nested), 'own.yaml').map(deliveryOf('example', body))
    expect(events.map(({ conversationId, messageId, timeSource }) => [conversationId, messageId, timeSource])).toEqual([
      ['p1:t', '1', 'delivery'],
      ['p1:t', '2', 'delivery'],
      ['p2:t', '3', 'delivery'],
    ])
    expect(ignored).toEqual(['read', 'typing', 'internal_note', 'unknown', 'unknown'])
  })
})
