/** Values that look into lists and nested objects. */
import { deliveryOf } from '../../../../support/deliveries.ts'
import { eventOf, item, sourceOf } from '../../../../support/mapping.ts'

describe('links', () => {
  const links = [
    'item.page',
    { each: 'item.media', link: { first: ['item.url', 'item.link'] }, when: { value: 'item.kind', equals: 'page' } },
  ]
  it('are those of a list’s elements for which the condition holds, each once, up to ten', () => {
    const media = [
      { kind: 'page', url: 'b' },
      { kind: 'pic', url: 'x' },
      { kind: 'page', link: 'c' },
      { kind: 'page', url: 'b' },
      null,
      7,
    ]
    expect(eventOf({ links }, { page: 'a', media }).links).toEqual(['a', 'b', 'c'])
    expect(eventOf({ links }, { media: 'none' }).links).toEqual([])
    const many = Array.from({ length: 5_000 }, (_, at) => ({ kind: 'page', url: `u${at}` }))
    expect(eventOf({ links }, { media: many }).links).toHaveLength(10)
  })

  it('find the outer names again after an element was called item', () => {
    const event = eventOf(
      { links: [{ each: 'item.media', link: 'item.url' }, 'item.page'] },
      { page: 'a', media: [{ url: 'b' }] },
    )
    expect(event).toMatchObject({ links: ['b', 'a'], text: 'hola' })
  })
})

describe('an object of a list', () => {
  const alias = { of: 'item.people', key: 'number', same: 'item.from', take: 'id' }
  it.each<[string, unknown, string[]]>([
    [
      'is the first with the same value, as text',
      [
        { number: 6, id: 'x' },
        { number: 5, id: 'a' },
        { number: '5', id: 'b' },
      ],
      ['a'],
    ],
    ['is absent where none has it', [{ number: 6, id: 'x' }], []],
    ['is absent in what is no list', { number: 5, id: 'a' }, []],
    ['is none of what is no object', ['5', null, 5], []],
  ])('%s', (_name, people, expected) => {
    expect(eventOf({ aliases: [alias] }, { from: '5', people }).aliases).toEqual(expected)
  })

  it('is absent where the other value is', () => {
    const aliases = [{ of: 'item.people', key: 'number', same: 'item.nothing', take: 'id' }]
    expect(eventOf({ aliases }, { people: [{ id: 'a' }] }).aliases).toEqual([])
  })
})

describe('prose', () => {
  const text = [{ of: { of: 'item.rich', prose: { inline: ['text'], lines: ['title', 'blocks'] } }, origin: 'typed' }]
  const textOf = (rich: unknown) => eventOf({ text, keepEmpty: true }, { rich }).text
  it.each<[string, unknown, string | null]>([
    ['continues a line with inline texts', { text: ['a', { text: ['b', { text: 'c' }] }, 'd'] }, 'abcd'],
    ['begins a line with each element of a list', [{ text: 'a' }, { text: 'b' }], 'a\nb'],
    ['reads the texts of nested blocks, in the order of the keys', { blocks: [{ text: 'b' }], title: 'a' }, 'a\nb'],
    ['does not read other keys', { secret: 'x', text: 'a' }, 'a'],
    ['is absent without a text', [{ text: '' }, { blocks: [] }, 7, null], null],
  ])('%s', (_name, rich, expected) => expect(textOf(rich)).toBe(expected))

  it('stops after the contract’s length, however deep and wide', () => {
    const nested = '{"blocks":['.repeat(5_000)
    const body = `{"items":[{"from":"p","id":"m","at":${item.at},"rich":${nested}{"text":"x"}${']}'.repeat(5_000)}}]}`
    const [event] = sourceOf({ text }).map(deliveryOf('example', body)).events
    expect(event?.text).toBe('x')
    expect(textOf(Array.from({ length: 30_000 }, () => ({ text: 'ab' })))?.length).toBe(16_382)
  })
})

describe('a flag', () => {
  const when = { value: 'item.flag', is: 'flag' }
  it.each([true, 'true', 'True', 'TRUE', 1, '1'])('is set by %p', (flag) => {
    expect(eventOf({ backfill: when }, { flag }).backfill).toBe(true)
  })
  it.each([false, 'false', '', 0, '0', 'yes', null, undefined, {}, ['true'], 'true '])('is not set by %p', (flag) => {
    expect(eventOf({ backfill: when }, { flag }).backfill).toBe(false)
  })
})

it('takes what is behind the last separator', () => {
  const revision = { of: 'item.note', afterLast: ' to ' }
  expect(eventOf({ revision }, { note: 'from a to b to c' }).revision).toBe('c')
  expect(eventOf({ revision }, { note: 'nothing' }).revision).toBeNull()
})

describe('an item that joins ids', () => {
  const rules = [
    {
      each: { item: 'body.items[]' },
      ignore: 'contact',
      joins: {
        accountId: { const: 'page' },
        channel: 'line',
        conversationId: 'item.old',
        aliases: ['item.new', 'item.other'],
        derivedFrom: ['item'],
        time: [{ of: 'item.at', unit: 'ms' }],
      },
    },
  ]
  const joined = (...items: object[]) => sourceOf({}, { rules }).map(deliveryOf('example', { items }))

  it('is ignored, and its ids go on as a referral event without a referral', () => {
    const { events, ignored, joined: [event] = [] } = joined({ old: 'a', new: 'b', at: item.at })
    expect([events, ignored]).toEqual([[], ['contact']])
    expect(event).toMatchObject({
      kind: 'referral',
      referral: null,
      conversationId: 'a',
      aliases: ['b'],
      channel: 'line',
      messageId: expect.stringMatching(/^derived:/),
      text: null,
    })
  })

  it('joins nothing that has one id, or none', () => {
    for (const fields of [{ old: 'a' }, { old: 'a', new: 'a' }, { new: 'b' }, {}])
      expect(joined(fields)).toEqual({ events: [], ignored: ['contact'], failed: [] })
  })
})

it('says why a body that is not recognised belongs elsewhere', () => {
  const refuse = [
    { when: { value: 'body.other', exists: true }, because: 'its address is elsewhere' },
    { when: { value: 'body', is: 'list' }, because: 'it is a list' },
  ]
  const of = (body: object) => () => sourceOf({}, { refuse }).map(deliveryOf('example', body))
  expect(of({ other: 1 })).toThrow(/^its address is elsewhere$/)
  expect(of([])).toThrow(/^it is a list$/)
  expect(of({})).toThrow(/^the body is not a delivery of this source$/)
  // A recognised body is mapped, whatever else it holds.
  expect(of({ items: [], other: 1 })).not.toThrow()
})

it('takes typed words and captions for another person’s where they are forwarded, and no other words', () => {
  const origins = ['typed', 'caption', 'button', 'form', 'template', 'automatic']
  const found = (forwarded: boolean) =>
    origins.map(
      (origin) =>
        eventOf(
          { text: [{ of: 'item.text', origin }], forwarded: { value: 'item.passed', is: 'flag' } },
          { passed: forwarded },
        ).textOrigin,
    )
  expect(found(false)).toEqual(origins)
  expect(found(true)).toEqual(['forwarded', 'forwarded', 'button', 'form', 'template', 'automatic'])
})
