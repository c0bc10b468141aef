import { checkMapping } from '../../../../services/shared/sources/check.ts'
import { deliveryOf } from '../../../support/deliveries.ts'

const document = `source: example
version: 3
recognise: { value: body.items, is: list }
rules:
  - each: { item: "body.items[]" }
    json: { content: item.body }
    choose: first
    otherwise: unknown
    rules:
      - { name: seen, when: { value: item.type, equals: seen }, ignore: read }
      - when: { value: item.type, equals: chat }
        event:
          accountId: body.page.id
          channel: other
          conversationId: { template: "{body.page.id}:{item.from}" }
          messageId: item.id
          derivedFrom: [item]
          kind: message
          direction: inbound
          sender: user
          time: [{ of: item.at, unit: s }]
          text: [{ of: content.text, origin: typed }]
          attachments: [{ each: content.media, type: k, map: { pic: image } }]
`
const { source, check } = checkMapping(document, 'own.yaml')
const report = (body: object | string) => check(deliveryOf('example', body))

describe('a sample of an account that the mapping does not name', () => {
  const body = { page: { id: 'p' }, shop: 's', items: [{ type: 'chat', id: 'm', from: 'u', body: '{"text":"hola"}' }] }
  const reportWith = (accounts: string) =>
    checkMapping(document.replace('version: 3\n', `version: 3\naccounts: [${accounts}]\n`), 'own.yaml').check(
      deliveryOf('example', body),
    )

  it('fails: the gateway would keep nothing of it', () => {
    expect(reportWith('body.shop')).toMatchObject({
      ok: false,
      items: [{ became: 'failed', reason: expect.stringMatching(/^accountId: is none of the accounts/) }],
    })
    expect(reportWith('body.page.id').ok).toBe(true)
    expect(reportWith('body.none').ok).toBe(true)
  })
})

describe('a sample', () => {
  const body = {
    page: { id: 'p', name: 'Toko' },
    items: [
      {
        type: 'chat',
        id: 'm',
        from: 'u',
        at: 1_764_060_000,
        body: '{"text":"hola","media":[{"k":"pic","url":"x"}],"a.b":1}',
        lang: 'es',
      },
      { type: 'seen', lang: 'es' },
      { type: 'chat', id: 'n', from: '', body: '{}' },
      { type: 'dance', id: 'o' },
    ],
  }

  it('is reported item by item: its rule, the rule’s line, and the result', () => {
    expect(source).toMatchObject({ name: 'example', version: 3 })
    const { ok, error, items } = report(body)
    expect({ ok, error }).toEqual({ ok: false, error: null })
    expect(items.map(({ item, rule, line, became }) => [item, rule, line, became])).toEqual([
      ['body.items[0]', 'rules.0.rules.1', 11, 'event'],
      ['body.items[1]', 'seen', 10, 'ignored'],
      ['body.items[2]', 'rules.0.rules.1', 11, 'failed'],
      ['body.items[3]', 'rules.0', 8, 'ignored'],
    ])
    expect(items[0]).toMatchObject({ event: { text: 'hola', attachments: ['image'] } })
    expect(items[2]).toMatchObject({ reason: 'conversationId is missing or too long' })
  })

  it('is reported with every unread path, also inside strings of JSON', () => {
    expect(report(body).unread).toEqual([
      { path: 'body.items[].body.media[].url', left: 1, of: 1 },
      { path: 'body.items[].body["a.b"]', left: 1, of: 1 },
      // An item without a conversation fails before its id is read.
      { path: 'body.items[].id', left: 2, of: 3 },
      { path: 'body.items[].lang', left: 2, of: 2 },
      { path: 'body.page.name', left: 1, of: 1 },
    ])
  })

  it('is valid when every item becomes an event or is ignored', () => {
    expect(report({ ...body, items: body.items.slice(0, 2) }).ok).toBe(true)
    expect(report({ items: [] })).toMatchObject({
      ok: true,
      items: [{ item: 'body', rule: 'otherwise', became: 'ignored', reason: 'empty' }],
    })
  })

  it('may not be a delivery at all', () => {
    expect(report('nonsense')).toMatchObject({ ok: false, error: 'the body is not JSON', items: [] })
    expect(report({ other: 1 })).toMatchObject({
      ok: false,
      error: 'the body is not a delivery of this source',
      unread: [{ path: 'body.other' }],
    })
  })

  it('may be nested to any depth', () => {
    const deep = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`
    expect(report(`{"items":[${deep}]}`).items).toMatchObject([{ became: 'ignored', reason: 'unknown' }])
  })
})
