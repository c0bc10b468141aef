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
  ])('is refused with the position of the error: %s', (_name, text, expected) => {
    expect(() => parseMapping(text, 'own.yaml')).toThrow(MappingInvalid)
    expect(() => parseMapping(text, 'own.yaml')).toThrow(expected)
  })
})
