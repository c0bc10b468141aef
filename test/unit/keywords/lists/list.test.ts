import { KeywordListInvalid } from '../../../../services/keywords/lists/list.ts'
import { decodeListFile } from '../../../../services/keywords/lists/list-encoding.ts'
import { parseKeywordList } from '../../../../services/keywords/lists/list-file.ts'

const problems = (text: string | Buffer): string => {
  try {
    parseKeywordList(typeof text === 'string' ? text : decodeListFile(text))
  } catch (error) {
    if (error instanceof KeywordListInvalid) return error.message
    throw error
  }
  return 'none'
}

const plain = { fold: 'exact', addresses: 'skip', unless: [] } as const

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
      places: ['entry 1'],
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

  it.each<[string, Buffer]>([
    ['UTF-8 with a mark', Buffer.from('\ufeffkeyword;flag;unless\r\n"envío; ya";shipping;un envío|tu envío\r\n')],
    [
      'UTF-16 and tabs',
      Buffer.from('\ufeffkeyword\tflag\tunless\r\nenvío; ya\tshipping\tun envío|tu envío\r\n', 'utf16le'),
    ],
    ['UTF-16 without a mark', Buffer.from('keyword,flag,unless\n"envío; ya",shipping,un envío | tu envío', 'utf16le')],
    [
      'UTF-16 of the other order',
      Buffer.from('\ufeffkeyword,flag,unless\nenvío; ya,shipping,un envío|tu envío', 'utf16le').swap16(),
    ],
    [
      'a line that names the separator',
      Buffer.from('sep=;\r\nkeyword;flag;unless\r\n"envío; ya";shipping;un envío|tu envío\r\n'),
    ],
  ])('is read from what Excel writes: %s', (_name, bytes) =>
    expect(parseKeywordList(decodeListFile(bytes)).entries).toMatchObject([
      { keyword: 'envío; ya', flag: 'shipping', unless: ['un envío', 'tu envío'] },
    ]),
  )

  it('is refused where its letters would never match, with the line and what to do', () => {
    const windows = (lines: string) => problems(Buffer.from(lines, 'latin1'))
    expect(windows('keyword,flag\npago,payment\nenvío,shipping\n')).toMatch(
      /^line 3: is not UTF-8.*save it again as "CSV UTF-8"/,
    )
    // Windows-874: two Thai letters.
    expect(problems(Buffer.from([...Buffer.from('keyword,flag\n'), 0xe2, 0xcd, 0x2c, 0x61]))).toMatch(
      /^line 2: is not UTF-8/,
    )
    expect(problems('keyword,flag\nenv\ufffdo,shipping\n')).toMatch(/^line 2: keyword has lost letters/)
  })

  it.each<[string, string, RegExp]>([
    [
      'unless that is the keyword',
      'keyword,flag,unless\npago,payment,PAGO\n',
      /^line 2: unless holds the keyword itself/,
    ],
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
