import { MappingInvalid, parseMapping } from '../../../../../services/shared/sources/index.ts'

const document = `source: example
version: 1
recognise: { value: body.items, is: list }
rules:
  - each: { item: "body.items[]" }
    json: { content: item.body }
    choose: first
    rules:
      - { when: { value: item.type, equals: seen }, ignore: read }
      - when: { value: item.type, equals: chat }
        event: &base
          accountId: body.page
          channel: { of: body.app, map: { WA: whatsapp } }
          conversationId: { template: "{body.page}:{item.from}" }
          messageId: item.id
          kind: message
          direction: inbound
          sender: user
          time: [{ of: item.sent, unit: s }]
          text: [{ of: content.text, origin: typed }]
      - event:
          <<: *base
          kind: edit
`

const messageOf = (text: string): string => {
  try {
    parseMapping(text, 'own.yaml')
  } catch (error) {
    if (error instanceof MappingInvalid) return error.message
    throw error
  }
  return 'valid'
}

describe('a mapping document', () => {
  it('is valid unchanged', () => expect(messageOf(document)).toBe('valid'))

  it.each<[string, string, string, RegExp]>([
    [
      'an unknown field',
      'sender: user',
      'sendr: user',
      /^own\.yaml:\d+: rules\.0\.rules\.1\.event has no sendr; it takes requires, .*sender/,
    ],
    [
      'a constant that is none',
      'direction: inbound',
      'direction: sideways',
      /^own\.yaml:17: rules\.0\.rules\.1\.event\.direction must be one of inbound, outbound, or a value/,
    ],
    [
      'a map to what is no constant',
      'WA: whatsapp',
      'WA: whatsap',
      /^own\.yaml:13: rules\.0\.rules\.1\.event\.channel\.map\.WA whatsap is none of tiktok, whatsapp/,
    ],
    [
      'a name that is not in scope',
      'messageId: item.id',
      'messageId: itm.id',
      /^own\.yaml:15: rules\.0\.rules\.1\.event\.messageId the name itm is not in scope; in scope are: body, headers, delivery, item, content/,
    ],
    [
      'a list of what is not in scope',
      '"body.items[]"',
      '"bdy.items[]"',
      /^own\.yaml:5: rules\.0\.each\.item the name bdy is not in scope/,
    ],
    [
      'a path that is none',
      'accountId: body.page',
      'accountId: body..page',
      /^own\.yaml:12: rules\.0\.rules\.1\.event\.accountId must be a path such as/,
    ],
    ['a hole in a template', '{item.from}"', '{item from}"', /^own\.yaml:14: .*template \{item from\} is not a path/],
    ['a brace too many', '{item.from}"', '{item.from}}"', /^own\.yaml:14: .*brace without its partner/],
    [
      'a condition without a test',
      'equals: seen',
      'equalz: seen',
      /^own\.yaml:9: rules\.0\.rules\.0\.when has no equalz; it takes value, equals/,
    ],
    [
      'a unit that is none',
      'unit: s',
      'unit: fortnight',
      /^own\.yaml:19: rules\.0\.rules\.1\.event\.time\.0\.unit .*"s"\|"ms"/,
    ],
    [
      'two things at once',
      'ignore: read',
      'ignore: read, messageEvent: item',
      /^own\.yaml:9: rules\.0\.rules\.0 needs exactly one of ignore, event, messageEvent or rules/,
    ],
    [
      'a later language',
      'version: 1',
      'version: 1\nlanguage: 2',
      /^own\.yaml:3: language this interpreter speaks language 1/,
    ],
    ['a version that is no number', 'version: 1', 'version: one', /^own\.yaml:2: version/],
    [
      'a name for the address that is none',
      'source: example',
      'source: My Partner',
      /^own\.yaml:1: source must be a name in lower case/,
    ],
    [
      'a signature over nothing',
      'version: 1',
      'version: 1\nsignature: { algorithm: hmac-sha256, header: x, signed: "{t}.{body}" }',
      /^own\.yaml:3: signature\.signed \{t\} is not a placeholder/,
    ],
    [
      'accounts in a list outside of the body',
      'version: 1',
      'version: 1\naccounts: [body.page, "headers.x[].id"]',
      /^own\.yaml:3: accounts\.1 has \[\] outside of the body/,
    ],
    [
      'accounts that are no path',
      'version: 1',
      'version: 1\naccounts: ["body.entry[]id"]',
      /^own\.yaml:3: accounts\.0 must be a path such as body\.page\.id, with \[\] behind a list/,
    ],
    [
      'a name in accounts that only rules have',
      'version: 1',
      'version: 1\naccounts: [{ first: [item.page] }]',
      /^own\.yaml:3: accounts\.0\.first\.0 the name item is not in scope/,
    ],
    ['what is no YAML', 'rules:', 'rules: [', /^own\.yaml:\d+: is not YAML/],
    ['an alias of itself', 'version: 1', 'version: 1\nabout: &a [*a]', /^own\.yaml:\d+: /],
  ])('with %s is refused by line, path and remedy', (_name, from, to, expected) => {
    expect(document).toContain(from)
    expect(messageOf(document.replace(from, to))).toMatch(expected)
  })

  it('is refused by the position of a shared part', () => {
    expect(
      messageOf(document.replace('          kind: edit\n', '          kind: edit\n          aliases: [nobody.id]\n')),
    ).toMatch(/^own\.yaml:24: rules\.0\.rules\.2\.event\.aliases\.0 the name nobody is not in scope/)
  })
})
