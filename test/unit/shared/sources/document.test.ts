import { MappingInvalid, parseMapping } from '../../../../services/shared/sources/index.ts'
import { noon } from '../../../support/builders.ts'
import { deliveryOf } from '../../../support/deliveries.ts'

const seconds = Math.floor(noon / 1000)

describe('the document of a mapping', () => {
  const own = `
source: example
version: 1
recognise: { value: body.items, is: list }
rules:
  - each: { item: 'body.items[]' }
    event:
      accountId: body.page
      channel: other
      conversationId: { template: '{body.page}:{item.from}' }
      messageId: item.id
      kind: message
      direction: inbound
      sender: user
      time: [{ of: item.sent, unit: s }]
      text: [{ of: item.html, origin: typed, html: true }]
`
  it('maps a source without code', () => {
    const body = { page: 'p', items: [{ id: 7, from: 'u', sent: seconds, html: '<p>Ada &amp; <b>siap</b></p>' }] }
    expect(parseMapping(own, 'own.yaml').map(deliveryOf('example', body)).events).toEqual([
      expect.objectContaining({
        source: 'example',
        conversationId: 'p:u',
        messageId: '7',
        text: 'Ada & siap',
        occurredAt: seconds * 1000,
      }),
    ])
  })

  it('may leave out what has a default', () => {
    const short = own.replace(/ {6}(channel|kind|direction|sender): .*\n/g, '')
    const body = { page: 'p', items: [{ id: 7, from: 'u', sent: seconds, html: 'x' }] }
    expect(parseMapping(short, 'own.yaml').map(deliveryOf('example', body)).events).toEqual([
      expect.objectContaining({ channel: 'other', kind: 'message', direction: 'inbound', sender: 'unknown' }),
    ])
  })

  it('names what an item lacks', () => {
    const needs = own.replace('event:', 'event:\n      requires: [item.from, { first: [item.html, item.text] }]')
    const failed = (item: object) =>
      parseMapping(needs, 'own.yaml').map(deliveryOf('example', { page: 'p', items: [item] })).failed
    expect(failed({ id: 7 })).toEqual([expect.objectContaining({ reason: 'item.from is missing' })])
    expect(failed({ id: 7, from: 'u' })).toEqual([
      expect.objectContaining({ reason: 'item.html or item.text is missing' }),
    ])
  })

  const events = (text: string, item: object, body: object = {}) =>
    parseMapping(text, 'own.yaml').map(
      deliveryOf('example', { page: 'p', ...body, items: [{ id: 7, from: 'u', sent: seconds, ...item }] }),
    ).events

  it('may keep an empty message where a condition holds', () => {
    const taps = own.replace('      text:', '      keepEmpty: { value: item.type, equals: tap }\n      text:')
    expect(events(taps, { type: 'tap' })).toHaveLength(1)
    expect(events(taps, { type: 'typing' })).toHaveLength(0)
  })

  it('may take 0 for absent everywhere', () => {
    const zero = own.replace(
      'messageId: item.id',
      'messageId: item.id\n      derivedFrom: [item.from]\n      revision: item.rev',
    )
    expect(events(zero, { html: 'x', rev: '0' })[0]?.revision).toBe('0')
    expect(events(`${zero}zeroIsAbsent: true`, { html: 'x', rev: '0' })[0]?.revision).toBeNull()
    expect(events(`${zero}zeroIsAbsent: true`, { html: 'x', rev: 0 })[0]?.revision).toBeNull()
    expect(events(`${zero}zeroIsAbsent: true`, { html: 'x', rev: 10 })[0]?.revision).toBe('10')
  })

  it('may strip HTML from any value', () => {
    const stripped = own.replace('item.html, origin: typed, html: true', '{ of: item.a, html: true }, origin: typed')
    expect(events(stripped, { a: '<b>Ada</b> &amp; co' })[0]?.text).toBe('Ada & co')
  })

  it('may name several accounts in a header', () => {
    const shops = own.replace(
      'rules:\n',
      "accounts: [{ of: headers.x-shops, split: ',' }]\nstoredHeaders: [x-shops]\nrules:\n",
    )
    const source = parseMapping(shops, 'own.yaml')
    expect(source.accountsOf(deliveryOf('example', {}, { account: null, headers: { 'x-shops': 'a, b,,a' } }))).toEqual([
      'a',
      'b',
    ])
  })

  it('may use anchors and merge keys', () => {
    const anchored = own
      .replace('recognise:', 'x-base: &base { unit: s }\nrecognise:')
      .replace('{ of: item.sent, unit: s }', '{ <<: *base, of: item.sent }')
    const inPlace = own
      .replace('{ of: item.sent, unit: s }', '&sent { of: item.sent, unit: s }')
      .replace('messageId: item.id', 'messageId: item.id\n      revision: &id item.id\n      aliases: [*id]')
    expect(() => parseMapping(anchored, 'own.yaml')).toThrow(/x-base/)
    const body = { page: 'p', items: [{ id: 7, from: 'u', sent: seconds, html: 'x' }] }
    expect(parseMapping(inPlace, 'own.yaml').map(deliveryOf('example', body)).events[0]?.aliases).toEqual(['7'])
  })

  it.each<[string, string, RegExp]>([
    ['no YAML', 'a: [', /^own\.yaml:1: is not YAML/],
    ['a missing part', 'source: x\nversion: 1\n', /own\.yaml:1: recognise is missing/],
    [
      'a misspelt field',
      own.replace('sender:', 'sendr:'),
      /own\.yaml:\d+: rules\.0\.event has no sendr; it takes .*sender/,
    ],
    [
      'an unknown channel',
      own.replace('channel: other', 'channel: pigeon'),
      /own\.yaml:9: rules\.0\.event\.channel must be one of tiktok/,
    ],
    [
      'a number that would be rounded',
      own.replace('messageId: item.id', 'messageId: { const: 12345678901234567891 }'),
      /own\.yaml:11: is a number that would be rounded: put it in quotes/,
    ],
    [
      'a key that would be rounded',
      own.replace('channel: other', 'channel: { of: body.app, map: { 9007199254740993: line } }'),
      /own\.yaml:9: is a number that would be rounded/,
    ],
  ])('is refused with the position of the error: %s', (_name, text, expected) => {
    expect(() => parseMapping(text, 'own.yaml')).toThrow(MappingInvalid)
    expect(() => parseMapping(text, 'own.yaml')).toThrow(expected)
  })
})
