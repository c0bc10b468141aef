import { DeliveryUnreadable, type Source } from '../../../../../services/shared/sources/index.ts'
import { deliveryOf } from '../../../../support/deliveries.ts'
import { sourceOf } from '../../../../support/mapping.ts'

const named = (accounts: readonly unknown[], body: object | string, fields: object = {}) =>
  sourceOf({}, { accounts }).accountsOf(deliveryOf('example', body, { account: null, ...fields }))
const part = (source: Source, account: string, body: object | string): unknown =>
  JSON.parse(source.bodyOf(account, deliveryOf('example', body)).toString())

describe('the accounts that a delivery names', () => {
  it.each<[string, unknown[], object, string[]]>([
    ['a path', ['body.page'], { page: 'a' }, ['a']],
    ['a number', ['body.page'], { page: 7 }, ['7']],
    ['several paths', ['body.page', 'body.shop'], { page: 'a', shop: 'b' }, ['a', 'b']],
    ['a list', ['body.entry[].id'], { entry: [{ id: 'a' }, {}, 'x', null, { id: 'b' }, { id: 'a' }] }, ['a', 'b']],
    [
      'lists in lists',
      ['body.a[].b[].c.d'],
      { a: [{ b: [{ c: { d: '1' } }] }, { b: 3 }, { b: [{ c: { d: '2' } }] }] },
      ['1', '2'],
    ],
    ['the body as a list', ['body[].id'], [{ id: 'a' }, { id: 'b' }], ['a', 'b']],
    ['a key with dots', ['body["a.b"][].id'], { 'a.b': [{ id: 'x' }] }, ['x']],
    ['the first of several', [{ first: ['body.page', 'body.shop'] }], { page: '', shop: 'b' }, ['b']],
    [
      'a case',
      [{ cases: [{ when: { value: 'body.out', equals: true }, is: 'body.from' }], otherwise: 'body.to' }],
      { out: true, from: 'a', to: 'p' },
      ['a'],
    ],
    ['nothing', ['body.page', 'body.entry[].id'], { entry: 5 }, []],
  ])('are those of %s', (_name, accounts, body, expected) => expect(named(accounts, body)).toEqual(expected))

  it('may be in a header or in the address', () => {
    const fields = { headers: { 'x-org': 'o' }, account: 'a' }
    expect(named(['headers.x-org', { first: ['body.none', 'delivery.account'] }], {}, fields)).toEqual(['o', 'a'])
    expect(named(['headers.x-org'], 'no JSON', fields)).toEqual(['o'])
  })

  it('are at most 1,000, however many a hostile body names', () => {
    const entry = Array.from({ length: 5_000 }, (_, n) => ({ id: String(n) }))
    expect(named(['body.entry[].id'], { entry })).toHaveLength(1_000)
    expect(named(['body.page'], { page: entry.map(({ id }) => id) })).toHaveLength(1_000)
    const same = Array.from({ length: 5_000 }, () => ({ id: 'a' }))
    expect(named(['body.entry[].id'], { entry: [...same, { id: 'b' }] })).toEqual(['a', 'b'])
  })
})

describe("an account's part of a body", () => {
  it('holds of each list the elements that lead to it, and all else unchanged', () => {
    const source = sourceOf({}, { accounts: ['body.entry[].changes[].value.account'] })
    const change = (account: string | undefined, n: number) => ({ value: { account, n } })
    const body = {
      object: 'o',
      entry: [
        { id: 1, changes: [change('a', 1), change('b', 2), change(undefined, 3)] },
        { id: 2, changes: [change('b', 4)] },
        { id: 3, changes: [change('a', 5)], more: ['kept'] },
        { id: 4 },
      ],
    }
    expect(part(source, 'a', body)).toEqual({
      object: 'o',
      entry: [
        { id: 1, changes: [change('a', 1)] },
        { id: 3, changes: [change('a', 5)], more: ['kept'] },
      ],
    })
    expect(part(source, 'b', body)).toMatchObject({ entry: [{ changes: [change('b', 2)] }, { id: 2 }] })
  })

  it('holds what names no account inside an element that names it', () => {
    const source = sourceOf({}, { accounts: ['body.pages[].id', 'body.pages[].threads[].shop'] })
    const body = {
      pages: [{ id: 'a', threads: [{ n: 1 }, { n: 2, shop: 'b' }] }, { threads: [{ n: 3, shop: 'a' }, { n: 4 }] }],
    }
    expect(part(source, 'a', body)).toEqual({
      pages: [{ id: 'a', threads: [{ n: 1 }] }, { threads: [{ n: 3, shop: 'a' }] }],
    })
  })

  it('reads two fields of one list as one rule', () => {
    const source = sourceOf({}, { accounts: ['body.items[].page', 'body.items[].shop.id'] })
    const body = { items: [{ page: 'a' }, { shop: { id: 'a' } }, { page: 'b' }] }
    expect(part(source, 'a', body)).toEqual({ items: [{ page: 'a' }, { shop: { id: 'a' } }] })
  })

  it('of a body that is a list is a list', () => {
    const source = sourceOf({}, { accounts: ['body[].id'] })
    expect(part(source, 'b', [{ id: 'a' }, { id: 'b' }])).toEqual([{ id: 'b' }])
  })

  it('keeps the digits of long integers as the mapping reads them', () => {
    const source = sourceOf({}, { accounts: ['body.items[].page'] })
    const text = '{"items":[{"page":12345678901234567890,"id":98765432109876543210},{"page":"b"}]}'
    const [account] = source.accountsOf(deliveryOf('example', text))
    expect(account).toBe('12345678901234567890')
    expect(part(source, account as string, text)).toEqual({
      items: [{ page: '12345678901234567890', id: '98765432109876543210' }],
    })
  })

  it('is the very bytes where no list divides the accounts', () => {
    const source = sourceOf({}, { accounts: ['body.page', 'body.shop'] })
    const text = '{ "page": "a",  "shop": "b" }'
    expect(source.bodyOf('a', deliveryOf('example', text)).toString()).toBe(text)
  })

  it('keeps a key that is named like the prototype', () => {
    const source = sourceOf({}, { accounts: ['body.items[].page'] })
    const text = '{"items":[{"page":"a","__proto__":{"x":1}},{"page":"b"}],"__proto__":{"y":2}}'
    expect(source.bodyOf('a', deliveryOf('example', text)).toString()).toBe(
      '{"items":[{"page":"a","__proto__":{"x":1}}],"__proto__":{"y":2}}',
    )
  })

  it('of a body that is nested without end is refused', () => {
    const source = sourceOf({}, { accounts: ['body.items[].page'] })
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    const text = `{"items":[{"page":"a"},{"page":"b"}],"deep":${deep}}`
    expect(() => source.bodyOf('a', deliveryOf('example', text))).toThrow(DeliveryUnreadable)
  })
})
