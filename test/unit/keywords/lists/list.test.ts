import { KeywordListInvalid } from '../../../../services/keywords/lists/list.ts'
import { parseKeywordList } from '../../../../services/keywords/lists/list-file.ts'

const problems = (text: string): string => {
  try {
    parseKeywordList(text)
  } catch (error) {
    if (error instanceof KeywordListInvalid) return error.message
    throw error
  }
  return 'none'
}

const plain = { fold: 'exact', addresses: 'skip' } as const

describe('a keyword list', () => {
  it('is read from CSV, in any order of columns, with quotes, a byte-order mark and Windows line ends', () => {
    expect(
      parseKeywordList('\ufefflocale,keyword,flag,match\r\n,"pago, ya",payment,phrase\r\n\r\ntr,ödeme,payment,\r\n')
        .entries,
    ).toEqual([
      { keyword: 'pago, ya', flag: 'payment', locale: null, match: 'phrase', ...plain },
      { keyword: 'ödeme', flag: 'payment', locale: 'tr', match: 'word', ...plain },
    ])
  })

  it('is read from JSON', () => {
    const text = JSON.stringify({ listId: 'mx', version: 4, entries: [{ keyword: 'pago', flag: 'payment' }] })
    expect(parseKeywordList(text)).toEqual({
      listId: 'mx',
      entries: [{ keyword: 'pago', flag: 'payment', locale: null, match: 'word', ...plain }],
      shadow: false,
    })
  })

  it('applies its own options to entries without them', () => {
    const entries = [
      { keyword: 'envío', flag: 'shipping' },
      { keyword: 'año', flag: 'year', fold: 'exact', addresses: 'skip' },
    ]
    const list = { fold: 'accents', addresses: 'count', shadow: true, entries }
    expect(parseKeywordList(JSON.stringify(list))).toMatchObject({
      shadow: true,
      entries: [
        { keyword: 'envío', fold: 'accents', addresses: 'count' },
        { keyword: 'año', fold: 'exact', addresses: 'skip' },
      ],
    })
    expect(
      parseKeywordList('keyword,flag,fold,addresses\nenvío,shipping,accents,\n', { fold: 'exact', addresses: 'count' })
        .entries,
    ).toMatchObject([{ fold: 'accents', addresses: 'count' }])
  })

  it.each<[string, string, RegExp]>([
    ['a bad flag', 'keyword,flag\npago,payment\nx,Bad-Flag\n', /^line 3: flag must be/],
    ['a reserved flag', 'keyword,flag\npago,value\n', /^line 2: flag is the name of a documented TikTok property/],
    ['an empty keyword', 'keyword,flag\n,payment\n', /^line 2: keyword is empty/],
    ['an invisible keyword', 'keyword,flag\n\u200b,payment\n', /^line 2: keyword has no visible character/],
    ['an unknown way of folding', 'keyword,flag,fold\npago,payment,loose\n', /^line 2: fold/],
    [
      'keywords that are equal without accents',
      'keyword,flag,fold\nsi,yes,accents\nsí,yes,accents\n',
      /^line 3: .* line 2/,
    ],
    ['an unknown match', 'keyword,flag,match\npago,payment,fuzzy\n', /^line 2: match/],
    ['an invalid locale', 'keyword,flag,locale\npago,payment,x_y_z\n', /^line 2: locale must be a BCP 47 tag/],
    ['the same entry twice', 'keyword,flag\npago,payment\nPAGO,payment\n', /^line 3: .* line 2 already/],
    ['too many fields', 'keyword,flag\npago,payment,oops\n', /^line 2 has 3 fields, line 1 names 2; .*quotes$/],
    ['no head', 'pago,payment\n', /^line 1: must name the columns/],
    ['no entries', 'keyword,flag\n', /no entries/],
    ['broken JSON', '{"entries": [', /is not JSON/],
    ['a bad entry in JSON', '{"entries":[{"keyword":"a","flag":"a"},{"keyword":"b"}]}', /^entry 2: flag/],
    ['an unknown field in JSON', '{"entries":[{"keyword":"a","flag":"a","fuzzy":1}]}', /^entry 1:/],
  ])('is refused as a whole for %s', (_name, text, expected) => expect(problems(text)).toMatch(expected))

  it('reports all problems at once', () => {
    expect(problems('keyword,flag\na,B\nb,C\n').split('\n')).toHaveLength(2)
  })
})
