import { linksIn, queryOf } from '../../../services/attribution/tracking-id/links.ts'
import { breakersOf } from '../../../services/control/breakers.ts'
import { addressOf } from '../../../services/gateway/http/address.ts'
import { traceOf } from '../../../services/gateway/http/answers.ts'
import { parseEvents } from '../../../services/gateway/message-events.ts'
import { decodeListFile } from '../../../services/keywords/lists/list-encoding.ts'
import { parseKeywordList } from '../../../services/keywords/lists/list-file.ts'
import { fold } from '../../../services/keywords/matching/folding/fold.ts'
import { compileKeywords } from '../../../services/keywords/matching/matcher.ts'
import { ownTextOf } from '../../../services/keywords/quoted-lines.ts'
import { withoutCredentials } from '../../../services/runtime/config.ts'
import { firstGroup } from '../../../services/shared/connections/extractors/extractors.ts'
import { literalLetters } from '../../../services/shared/connections/extractors/literal.ts'
import { isPrefilled } from '../../../services/shared/connections/prefilled.ts'
import { parseKeyId } from '../../../services/shared/model/key-ids.ts'
import { cutText } from '../../../services/shared/model/message-event.ts'
import { parseJson } from '../../../services/shared/sources/interpreter/delivery/body.ts'
import { plainText } from '../../../services/shared/sources/interpreter/values/html.ts'
import { parseMapping } from '../../../services/shared/sources/parse.ts'
import { withoutEnding } from '../../../services/shared/text/without-ending.ts'
import { keywordEntry } from '../../support/builders.ts'
import { mapped, sourceNamed } from '../../support/deliveries.ts'
import { growthProblem, type HostileText } from '../../support/growth.ts'
import { expectNone } from '../../support/source-code/expect-none.ts'
import { filesBelow, read } from '../../support/source-code/files.ts'
import { hostileTextsFor, regExpsIn } from '../../support/source-code/regexps.ts'

const repeated = (pump: string, start = '', end = ''): HostileText => ({ start, pump, end })
/** Refusing a text counts as reading it. */
const refusing =
  (read: (text: string) => unknown) =>
  (text: string): void => {
    try {
      read(text)
    } catch {}
  }

const remedy = 'Read each character a bounded number of times; cap what a library does not.'

const matcher = compileKeywords(['pago', '🇧🇷', 'é', 'go-go', '付款'].map((keyword) => keywordEntry(keyword)))
const chats = compileKeywords(
  ['pago', 'go', 'oo', '付款'].map((keyword) =>
    keywordEntry(keyword, { fold: 'chat', unless: [`${keyword} ${keyword}`] }),
  ),
)
/** Each lies in the next: a text of their letter holds all of them at each place. */
const nested = compileKeywords(
  Array.from({ length: 190 }, (_, n) =>
    keywordEntry('a'.repeat(n + 2), {
      ...{ match: n % 2 === 0 ? 'suffix' : 'substring', flag: `f${n % 60}` },
      unless: [`${'a'.repeat(n + 200)}`],
    }),
  ),
)
const pancake = sourceNamed('pancake')

/** Text functions that read outside text, each with the texts that are worst for it. */
const functions: readonly [name: string, read: (text: string) => unknown, texts: readonly HostileText[]][] = [
  [
    'fold',
    (text) => fold(text, 'accents'),
    [
      repeated('\u0301\u0323', 'a'),
      repeated('\u0301\u0323\u0301\u0323\u0301\u0323\u200b', 'a'),
      repeated('\uff9e\u0323', 'カ'),
      repeated('\u200d', '👩'),
      repeated('\u0345\u0323', 'é'),
    ],
  ],
  [
    'the matcher of keywords',
    (text) => matcher.flags(text),
    [
      repeated('🇧🇷'),
      repeated('🇷🇧', '🇧'),
      repeated('pago@b.cc,', 'é'),
      repeated('@', 'é pago'),
      repeated('pago.', 'é', '/'),
      repeated('pago/', 'é'),
      repeated('go-'),
      repeated('付'),
      repeated('e\u0301'),
    ],
  ],
  [
    'the matcher of keywords in chats',
    (text) => chats.flags(text),
    [
      repeated('o'),
      repeated('go1'),
      repeated('pago '),
      repeated('go_'),
      repeated('_', 'go', 'go'),
      repeated('1\ufe0f\u20e3'),
      repeated('.A', 'go'),
      repeated('付款'),
      repeated('\u0e4d\u0e48', 'น', '\u0e32'),
    ],
  ],
  ['the matcher of nested keywords', (text) => nested.flags(text), [repeated('a'), repeated('a', '', 'b')]],
  ['ownTextOf', (text) => ownTextOf('email', text), [repeated('\n>'), repeated('-', '', 'x'), repeated('a wrote:b\n')]],
  [
    'isPrefilled',
    (text) => isPrefilled(text, ['(a+ ?)+b', 'tiktok']),
    [repeated('a '), repeated('from tiktok ad id: ')],
  ],
  [
    'decodeListFile',
    refusing((text) => decodeListFile(Buffer.from(text, 'latin1'))),
    [repeated('é\n'), repeated('a\n', '', 'é')],
  ],
  ['cutText', cutText, [repeated('\u0301', 'a'.repeat(16_384)), repeated(' ')]],
  [
    'linksIn',
    linksIn,
    [repeated('.', 'http://', 'a'), repeated('http://'), repeated('é', 'http://a?', ' '), repeated('?', 'http://a')],
  ],
  ['queryOf', (text) => queryOf(text, 'ttclid'), [repeated('&a', 'http://a/?'), repeated('#?', 'http://a/?')]],
  ['plainText', plainText, [repeated('<'), repeated('<!--'), repeated('<script>'), repeated('&'), repeated('<br')]],
  [
    'parseJson',
    refusing(parseJson),
    [repeated('\\', '"'), repeated('[1234567890123456,'), repeated('"\\\\"', '[1e99,')],
  ],
  [
    'mapped deliveries',
    (text) => {
      const message = { message: text, original_message: text, from: { id: '2' }, id: '3', type: 'INBOX' }
      refusing(() => mapped('pancake', { page_id: '1', data: { conversation: { id: '1_2' }, message } }))('')
    },
    [repeated('<div>'), repeated('&amp;'), repeated('{body')],
  ],
  [
    'proofs in headers',
    (text) => pancake.proofIn({ 'x-signature': text, 'x-hub-signature-256': text, signature: text }, 0),
    [repeated(','), repeated('a=,'), repeated('sha256=')],
  ],
  [
    'parseEvents',
    (text) => refusing(() => parseEvents(Buffer.from(text)))(text),
    [repeated('[1,'), repeated('{}', '[')],
  ],
  [
    'addressOf',
    refusing(addressOf),
    [repeated('/', '/webhooks'), repeated('%2f', '/webhooks/a/'), repeated('../', '/')],
  ],
  ['traceOf', (text) => traceOf({ traceparent: text }), [repeated('0', '00-')]],
  ['firstGroup', (text) => firstGroup('REF-([A-Z0-9]{6,60})', text), [repeated('REF-'), repeated('REF-ABCDE')]],
  ['literalLetters', literalLetters, [repeated('['), repeated('[:a:'), repeated('('), repeated('{1')]],
  ['parseKeyId', parseKeyId, [repeated('a', 'connection/'), repeated('/', 'common')]],
  ['breakersOf', breakersOf, [repeated('a', 'signals_breakers{', '} 1'), repeated('a="', 'signals_breakers{', '} 1')]],
  ['withoutCredentials', withoutCredentials, [repeated('/'), repeated('@', '//')]],
  ['withoutEnding', (text) => withoutEnding(text, '/'), [repeated('/', '', 'a'), repeated('/')]],
  [
    'parseKeywordList',
    refusing(parseKeywordList),
    [repeated('"', 'keyword,flag\n'), repeated(' ', '{'), repeated('a,b\n')],
  ],
]

describe('text functions', () => {
  it.each(functions)('%s reads hostile texts in linear time', (name, read, texts) => {
    expectNone(
      texts.flatMap((hostile) => growthProblem(read, hostile) ?? []).map((problem) => `${name}: ${problem}`),
      remedy,
    )
  })
})

/** Built at run time; each is read by a function above, or reads only texts of ours. */
const builtPatterns = [
  'services/control/http/pages.ts',
  'services/control/prometheus-text.ts',
  'services/keywords/matching/addresses.ts',
  'services/keywords/matching/folding/fold.ts',
  'services/keywords/matching/folding/spelling.ts',
  'services/local/demo/watch.ts',
  'services/runtime/adapters/kafka/errors.ts',
  'services/shared/connections/extractors/foreign-ids.ts',
  'services/shared/model/key-ids.ts',
]

describe('regular expressions', () => {
  const files = filesBelow('services').map((path) => ({ path, text: read(path) }))
  const literals = files.flatMap(({ path, text }) => regExpsIn(path, text))
  const different = [...new Map(literals.map((one) => [`/${one.source}/${one.flags}`, one])).values()]

  it('of services/ read hostile texts in linear time', () => {
    expect(different.length).toBeGreaterThan(150)
    const slow = different.flatMap((literal) => {
      const { path, source, flags } = literal
      const pattern = new RegExp(source, flags)
      for (const hostile of hostileTextsFor(literal)) {
        const problem = growthProblem((text) => text.replace(pattern, ''), hostile)
        if (problem !== null) return [`${path}: /${source}/${flags}: ${problem}`]
      }
      return []
    })
    expectNone(slow, remedy)
  })

  it.each([
    ['an ending that begins anew at every place', /[.,]+$/u],
    ['a run before what is missing', /(\w+)="/],
    ['two runs of the same characters', /^\s*(.+?)\s*$/s],
    ['an opening without its end', /<!--.*?-->/s],
  ])('that are slow are found: %s', (_kind, { source, flags }) => {
    const literal = { path: '', source, flags }
    const pattern = new RegExp(source, flags)
    const read = (text: string) => text.replace(pattern, '')
    const isSlow = hostileTextsFor(literal).some((hostile) =>
      growthProblem(read, hostile, { length: 4_096, budgetMs: 0.2, most: 12 }),
    )
    expect(isSlow).toBe(true)
  })

  it('that are built at run time are few and known', () => {
    const built = files.filter(({ text }) => text.includes('new RegExp')).map(({ path }) => path)
    expect(built).toEqual(builtPatterns)
  })
})

describe('a mapping document', () => {
  it('beyond 128 KiB is refused unread', () => {
    expect(() => parseMapping('['.repeat(131_073), 'own.yaml')).toThrow('is longer than 131072 characters')
  })

  it('is read without a square of its errors', () => {
    const read = refusing((text) => parseMapping(text, 'own.yaml'))
    expectNone(
      [repeated('"'), repeated('&a ')].flatMap(
        (one) => growthProblem(read, one, { maxMs: 2_000, length: 4_096 }) ?? [],
      ),
      remedy,
    )
  })
})
