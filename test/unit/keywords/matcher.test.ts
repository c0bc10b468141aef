import fc from 'fast-check'
import { buildAutomaton } from '../../../services/keywords/automaton.ts'
import { fold } from '../../../services/keywords/fold.ts'
import { compileKeywords } from '../../../services/keywords/matcher.ts'
import type { KeywordEntry, KeywordMatch } from '../../../services/model/topic-values.ts'

const entry = (keyword: string, match: KeywordMatch = 'word', locale: string | null = null): KeywordEntry => ({
  keyword,
  flag: 'hit',
  locale,
  match,
  fold: 'exact',
  addresses: 'skip',
})
const hits = (text: string, ...entries: KeywordEntry[]) => compileKeywords(entries).flags(text).length > 0

describe('a keyword', () => {
  it.each<[string, string, string]>([
    ['as it stands', 'pago', 'ya hice el pago hoy'],
    ['in capitals', 'pago', 'YA HICE EL PAGO'],
    ['at both ends', 'pago', 'pago'],
    ['before punctuation', 'pago', '¿pago?'],
    ['after an apostrophe', 'achat', "l'achat est fait"],
    ['full-width', 'pago', 'ｐａｇｏ'],
    ['decomposed', 'envío', 'el envi\u0301o'],
    ['composed, the keyword decomposed', 'envi\u0301o', 'el envío'],
    ['with a zero-width space inside', 'pago', 'pa\u200bgo'],
    ['with a soft hyphen inside', 'pago', 'pa\u00adgo'],
    ['between emoji', 'pago', '🙏pago🙏'],
    ['after an emoji of several parts', 'pago', '👩‍👩‍👧 pago'],
    ['with sharp s', 'straße', 'die STRASSE'],
    ['with double s', 'strasse', 'die Straße'],
    ['with a final sigma', 'ΛΟΓΟΣ', 'ο λόγος λογος'],
    ['in Cyrillic', 'оплата', 'Оплата прошла'],
    ['in Vietnamese', 'thanh toán', 'em đã THANH TOÁN rồi'],
    ['in Arabic', 'دفع', 'تم دفع المبلغ'],
    ['in Hindi', 'भुगतान', 'मैंने भुगतान किया'],
    ['in Korean between spaces', '결제', '어제 결제 했어요'],
    ['in Thai between spaces', 'ชำระเงิน', 'ได้ ชำระเงิน แล้ว'],
    ['in Thai without spaces', 'ชำระเงิน', 'ฉันชำระเงินแล้ว'],
    ['in Thai before a number', 'จ่าย', 'จ่าย500'],
    ['in Chinese without spaces', '付款', '我已经付款了'],
    ['in Japanese without spaces', '支払い', '昨日支払いを済ませた'],
    ['as a phrase over several spaces and a line break', 'thank you', 'Thank \n  you!'],
    ['with characters that are none of a word', 'c++', 'learn C++ now'],
    ['that is an emoji', '💸', 'pagado💸ya'],
  ])('counts %s', (_name, keyword, text) => expect(hits(text, entry(keyword))).toBe(true))

  it.each<[string, string, string]>([
    ['inside a longer word', 'pago', 'la pagoda'],
    ['at the end of a longer word', 'pago', 'impago'],
    ['with another accent', 'pago', 'págo'],
    ['joined by an underscore', 'pago', 'pago_1'],
    ['followed by a digit', 'pago', 'pago2'],
    ['in half a phrase', 'thank you', 'thank everybody'],
    ['across a full stop', 'thank you', 'thank. you'],
    ['in a link', 'pago', 'mira https://x.example/pago?x=1'],
    ['in an address without a scheme', 'pago', 'www.pago.example'],
    ['in an e-mail address', 'pago', 'escribe a pago@x.example'],
    ['in a longer Thai word', 'ตา', 'ตาราง'],
    ['in another Chinese word', '国人', '中国人民'],
  ])('does not count %s', (_name, keyword, text) => expect(hits(text, entry(keyword))).toBe(false))

  it('counts as a substring where the list says so', () => {
    expect(hits('la pagoda', entry('pago', 'substring'))).toBe(true)
    expect(hits('어제 결제를 했어요', entry('결제', 'substring'))).toBe(true)
  })

  it('folds dotted and dotless i by the locale of the entry', () => {
    expect(hits('IŞIK', entry('ışık', 'word', 'tr'))).toBe(true)
    expect(hits('İNDİRİM', entry('indirim', 'word', 'tr'))).toBe(true)
    expect(hits('INDIRIM', entry('indirim'))).toBe(true)
    expect(hits('INDIRIM', entry('indirim', 'word', 'tr'))).toBe(false)
  })

  it('raises every flag of the text once, sorted', () => {
    const list = [
      { ...entry('pago'), flag: 'payment' },
      { ...entry('pagar'), flag: 'payment' },
      { ...entry('envío'), flag: 'delivery' },
    ]
    expect(compileKeywords(list).flags('pago, pagar, pago y envío')).toEqual(['delivery', 'payment'])
    expect(
      compileKeywords(list)
        .entries('envío y pago')
        .map(({ keyword }) => keyword),
    ).toEqual(['pago', 'envío'])
  })

  it('does not count as a part of a longer keyword where words have no spaces between them', () => {
    const [part, whole] = [
      { ...entry('เงินสด'), flag: 'cash' },
      { ...entry('คูปองเงินสด'), flag: 'coupon' },
    ]
    expect(compileKeywords([part, whole]).flags('ขอ คูปองเงินสด')).toEqual(['coupon'])
    expect(compileKeywords([part, whole]).flags('จ่าย เงินสด')).toEqual(['cash'])
  })

  it('is found in a very long text without hanging', () => {
    expect(hits(`${'a'.repeat(16_000)} pago`, entry('pago'))).toBe(true)
    expect(hits('ก'.repeat(16_000), entry('กก'))).toBeDefined()
  })
})

describe('the automaton', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '付'), minLength: 1, maxLength: 4 })

  it('finds exactly what looking for each keyword alone finds', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(word, { minLength: 1, maxLength: 12 }),
        fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '付', ' '), maxLength: 60 }),
        (keywords, text) => {
          const expected = new Set<string>()
          keywords.forEach((keyword, index) => {
            for (let at = text.indexOf(keyword); at >= 0; at = text.indexOf(keyword, at + 1))
              expected.add(`${index} ${at + keyword.length}`)
          })
          const found = new Set<string>()
          buildAutomaton(keywords).scan(text, (pattern, end) => found.add(`${pattern} ${end}`))
          expect(found).toEqual(expected)
        },
      ),
    )
  })

  it('does so also for a list too large to fill in a table', () => {
    const keywords = Array.from(
      { length: 6_000 },
      (_, n) => `${String.fromCodePoint(0x4e00 + n)}${String.fromCodePoint(0x4e00 + ((n * 7) % 6_000))}x`,
    )
    const found: number[] = []
    buildAutomaton(keywords).scan(`a${keywords[17]}b${keywords[5_999]}`, (pattern) => found.push(pattern))
    expect(found).toEqual([17, 5_999])
  })
})

describe('folding', () => {
  it('is the same for a text that is folded already', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => expect(fold(fold(text))).toBe(fold(text))))
  })
  it.each([
    ['İ', fold('i̇')],
    ['A  b\t\nC', 'a b c'],
    ['ﬁn', 'fin'],
    ['①', '1'],
  ])('of %s', (text, expected) => expect(fold(text)).toBe(expected))
})
