import { KeywordListInvalid, parseKeywordList } from '../../../services/keywords/list.ts'
import { KeywordLists } from '../../../services/keywords/lists.ts'

const problems = (text: string): string => {
  try {
    parseKeywordList(text)
  } catch (error) {
    if (error instanceof KeywordListInvalid) return error.message
    throw error
  }
  return 'none'
}

describe('a keyword list', () => {
  it('is read from CSV, in any order of columns, with quotes, a byte-order mark and Windows line ends', () => {
    expect(
      parseKeywordList('\ufefflocale,keyword,flag,match\r\n,"pago, ya",payment,phrase\r\n\r\ntr,ödeme,payment,\r\n')
        .entries,
    ).toEqual([
      { keyword: 'pago, ya', flag: 'payment', locale: null, match: 'phrase' },
      { keyword: 'ödeme', flag: 'payment', locale: 'tr', match: 'word' },
    ])
  })

  it('is read from JSON', () => {
    const text = JSON.stringify({ listId: 'mx', version: 4, entries: [{ keyword: 'pago', flag: 'payment' }] })
    expect(parseKeywordList(text)).toEqual({
      listId: 'mx',
      entries: [{ keyword: 'pago', flag: 'payment', locale: null, match: 'word' }],
    })
  })

  it.each<[string, string, RegExp]>([
    ['a bad flag', 'keyword,flag\npago,payment\nx,Bad-Flag\n', /^line 3: flag must be/],
    ['a reserved flag', 'keyword,flag\npago,value\n', /^line 2: flag is the name of a documented TikTok property/],
    ['an empty keyword', 'keyword,flag\n,payment\n', /^line 2: keyword is empty/],
    ['an invisible keyword', 'keyword,flag\n\u200b,payment\n', /^line 2: keyword has no visible character/],
    ['an unknown match', 'keyword,flag,match\npago,payment,fuzzy\n', /^line 2: match/],
    ['a locale that is none', 'keyword,flag,locale\npago,payment,x_y_z\n', /^line 2: locale must be a BCP 47 tag/],
    ['the same entry twice', 'keyword,flag\npago,payment\nPAGO,payment\n', /^line 3: .* line 2 already/],
    ['too many columns', 'keyword,flag\npago,payment,oops\n', /^line 2:/],
    ['no head', 'pago,payment\n', /^line 1: must name the columns/],
    ['no entries', 'keyword,flag\n', /no entries/],
    ['broken JSON', '{"entries": [', /is no JSON/],
    ['a bad entry in JSON', '{"entries":[{"keyword":"a","flag":"a"},{"keyword":"b"}]}', /^entry 2: flag/],
    ['an unknown field in JSON', '{"entries":[{"keyword":"a","flag":"a","fuzzy":1}]}', /^entry 1:/],
  ])('is refused as a whole for %s', (_name, text, expected) => expect(problems(text)).toMatch(expected))

  it('tells all problems at once', () => {
    expect(problems('keyword,flag\na,B\nb,C\n').split('\n')).toHaveLength(2)
  })
})

describe('the lists in force', () => {
  const record = (version: number, keyword: string) => ({
    listId: 'default',
    version,
    createdAt: 0,
    entries: [{ keyword, flag: 'hit', locale: null, match: 'word' as const }],
  })

  it('are those of the highest version, whatever the order of the records', () => {
    const lists = new KeywordLists()
    lists.apply(record(2, 'dos'))
    lists.apply(record(1, 'uno'))
    expect(lists.get(null)?.version).toBe(2)
    expect(lists.get(null)?.matcher.flags('dos')).toEqual(['hit'])
    expect(lists.get('other')).toBeUndefined()
  })
})
