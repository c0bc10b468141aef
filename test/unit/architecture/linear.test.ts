import { linksIn } from '../../../services/attribution/tracking-id/links.ts'
import { fold } from '../../../services/keywords/matching/fold.ts'
import { compileKeywords } from '../../../services/keywords/matching/matcher.ts'
import { keywordEntry } from '../../support/builders.ts'
import { growthProblem, type HostileText } from '../../support/growth.ts'
import { expectNone } from '../../support/source-code/expect-none.ts'

const repeated = (pump: string, start = '', end = ''): HostileText => ({ start, pump, end })

const matcher = compileKeywords(['pago', '🇧🇷', 'é', 'go-go', '付款'].map((keyword) => keywordEntry(keyword)))

/** Text functions that read outside text, each with the texts that are worst for it. */
const functions: readonly [name: string, read: (text: string) => unknown, texts: readonly HostileText[]][] = [
  [
    'fold',
    (text) => fold(text, 'default-accents'),
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
  ['linksIn', linksIn, [repeated('.', 'http://', 'a'), repeated('http://'), repeated('é', 'http://a?', ' ')]],
]

describe('text functions', () => {
  it.each(functions)('%s reads hostile texts in linear time', (name, read, texts) => {
    expectNone(
      texts.flatMap((hostile) => growthProblem(read, hostile) ?? []).map((problem) => `${name}: ${problem}`),
      'Read each character a bounded number of times; cap what a library does not.',
    )
  })
})
