import fc from 'fast-check'
import { fold, foldingOf } from '../../../../services/keywords/matching/folding/fold.ts'
import { hasLikeness } from '../../../../services/keywords/matching/folding/likeness.ts'
import { compileKeywords } from '../../../../services/keywords/matching/matcher.ts'
import { type KeywordEntry, type KeywordMatch, keywordMatches } from '../../../../services/shared/model/keyword-list.ts'
import { keywordEntry } from '../../../support/builders.ts'

const entry = (keyword: string, match: KeywordMatch = 'word', locale: string | null = null): KeywordEntry =>
  keywordEntry(keyword, { match, locale })
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
    ['that is an emoji, in another skin', '👍', 'ok👍🏽'],
    ['that is an emoji, drawn in colour', '❤', 'te quiero ❤️ mucho'],
    ['after an emoji drawn in colour', 'pago', '❤️pago'],
    ['after a framed digit', 'pago', '1️⃣pago'],
    ['between flags', 'pago', '🇲🇽pago🇧🇷'],
    ['that is a flag', '🇲🇽', 'hola 🇧🇷🇲🇽'],
    ['with a directional mark', 'دفع', 'تم \u200fدفع\u200e المبلغ'],
    ['behind a missing space', 'pago', 'hice el pago.Gracias'],
    ['behind a comma', 'pago', 'hola,pago'],
    ['in a pair', 'pago', 'pago/transferencia'],
    ['with a hyphen at its side', 'pago', 'pago-móvil'],
    ['that is an amount', '$50', 'son $50'],
    ['that is a share', '50%', 'al 50% hoy'],
    ['that is a tag', '#promo', 'quiero #PROMO ya'],
    ['that is a handle', '@shop', 'hola @shop'],
    ['as a phrase over a no-break space', 'thank you', 'thank\u00a0you'],
    ['as a phrase over an ideographic space', 'thank you', 'thank\u3000you'],
    ['as a phrase over tabs and lines', 'thank you', 'thank\t\r\n\tyou'],
    ['written with the ligature', 'oficina', 'la o\ufb01cina'],
    ['in mathematical letters', 'pago', 'el 𝗽𝗮𝗴𝗼 ya'],
    ['with the n of Afrikaans', 'ŉ', 'ʼN'],
    ['beyond the basic plane', '𠮷野家', '去 𠮷野家 吃'],
    ['in Lao without spaces', 'ຈ່າຍເງິນ', 'ຂ້ອຍຈ່າຍເງິນແລ້ວ'],
    ['in Khmer between spaces', 'បង់ប្រាក់', 'ខ្ញុំ បង់ប្រាក់ ហើយ'],
    ['in Burmese between spaces', 'ငွေ', 'ငွေ ပေး'],
    ['in Chinese beside Latin', '付款', 'ok付款ok'],
    ['in Japanese kana', 'クーポン', 'クーポンを使う'],
    ['in Thai with a decomposed vowel', 'ชำระเงิน', 'ได้ ชํา\u0e23ะเงิน แล้ว'],
    ['behind a link', '付款', '看 https://x.example/a付款'],
    ['in Cherokee capitals', 'ꭰꭱ', 'ᎠᎡ'],
    ['before an ellipsis', 'pago', 'pago…'],
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
    ['in the host of an e-mail address', 'pago', 'escribe a x@pago.example'],
    ['in a link without a scheme', 'pago', 'mira shop.example/pago?x'],
    ['in a short link', 'pago', 'mira (t.me/pago)'],
    ['in a link with only a query', 'pago', 'mira shop.example?pago=1'],
    ['in a bare host', 'pago', 'entra a pago.com.mx'],
    ['behind www. and an emoji', 'pago', 'www.👍pago'],
    ['in an address with marks of full width', 'pago', 'x＠pago．com, t．me／pago'],
    ['behind www and an ellipsis', 'pago', 'www…pago'],
    ['as a part of a number', '50', 'son 3.50 o 50,000'],
    ['as a part of an emoji of several parts', '👩', 'soy 👩‍💻'],
    ['as halves of two flags', '🇽🇧', '🇲🇽🇧🇷'],
    ['in a word with a middle dot', 'col', 'col·laboració'],
    ['in a word with gershayim', 'צה', 'צה״ל'],
    ['with a vowel sign more', 'ก', 'กิ'],
    ['in a phrase with another word between', 'thank you', 'thank to you'],
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
    expect(hits('INDIRIM', entry('indirim', 'word', 'tr'))).toBe(true)
    expect(hits('ındırım', entry('indirim', 'word', 'tr'))).toBe(false)
    expect(hits('ıban iban', entry('IBAN', 'word', 'az'))).toBe(true)
  })

  it('raises every flag of the text once, sorted', () => {
    const list = [
      { ...entry('pago'), flag: 'payment' },
      { ...entry('pagar'), flag: 'payment' },
      { ...entry('envío'), flag: 'delivery' },
    ]
    expect(compileKeywords(list).flags('pago, pagar, pago y envío')).toEqual(['delivery', 'payment'])
    expect(compileKeywords(list).entries('envío y pago')).toEqual([0, 2])
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
    expect(compileKeywords([entry('กก')]).hits('ก'.repeat(16_000))).toHaveLength(15_999)
    expect(compileKeywords([entry('钱')]).hits('钱 '.repeat(8_000))).toHaveLength(8_000)
  })
})

describe('an entry that folds accents', () => {
  const loose = (keyword: string) => keywordEntry(keyword, { fold: 'accents' })
  it.each([
    ['composed', 'envío', 'ENVIO'],
    ['decomposed', 'envio', 'el envi\u0301o'],
    ['of Vietnamese', 'thanh toán', 'thanh toan'],
    ['of Arabic', 'مدرسة', 'مَدْرَسَة'],
    ['stretched', 'دفع', 'دفـــع'],
    ['of Hebrew', 'שלום', 'שָׁלוֹם'],
    ['of Greek', 'λογος', 'λόγος'],
    ['stacked', 'e', 'ệ'],
  ])('counts whatever the accents %s', (_name, keyword, text) => expect(hits(text, loose(keyword))).toBe(true))

  it.each([
    ['letters of another sound', 'sol', 'sœl'],
    ['the voicing of kana', 'か', 'が'],
    ['vowel signs', 'कम', 'किम'],
  ])('keeps %s apart', (_name, keyword, text) => expect(hits(text, loose(keyword))).toBe(false))

  it('leaves the entries beside it exact', () =>
    expect(hits('envio', keywordEntry('envío'), keywordEntry('pagó', { fold: 'accents' }))).toBe(false))
})

it('counts inside addresses where the entry says so', () => {
  expect(hits('https://x.example/pago', keywordEntry('pago', { addresses: 'count' }))).toBe(true)
  expect(hits('pago@x.example', keywordEntry('pago', { addresses: 'count' }), keywordEntry('x'))).toBe(true)
})

describe('a text as it was written and its folded form', () => {
  const alphabet = [
    ...'abAB15 .,·_-@/:?"\'',
    ...['á', 'a\u0301', 'ß', 'ss', 'ﬁ', 'fi', 'İ', 'ı', 'Σ', 'ς', 'ａ', '…', '\u00a0', '\n', '\u200b', '\u00ad'],
    ...[
      'ก',
      'ิ',
      '่',
      'ุ',
      'ำ',
      'ํ',
      'า',
      '付',
      '款',
      'か',
      '\u3099',
      'ー',
      '결',
      'पि',
      '्',
      'د',
      '\u0651',
      '\u064e',
      'ש',
      '״',
    ],
    ...['👍', '🏽', '👩', '\u200d', '💻', '❤', '\ufe0f', '🇲', '🇽', '𠮷', '\ud83d', '𝗽', '.com', 'https://', 'www.'],
    ...[
      '．',
      '：',
      '＠',
      '／',
      '…',
      '’',
      '´',
      '¨',
      '‑',
      '™',
      '\u20e3',
      'I',
      'oo',
      'ooo',
      'เ',
      'น',
      'ๆ',
      'お',
      'đ',
      'ى',
      '.Com',
    ],
  ]
  const unit = fc.constantFrom(...alphabet)
  const anEntry = fc.record({
    keyword: fc.string({ unit, minLength: 1, maxLength: 5 }).filter((text) => fold(text).trim() !== ''),
    match: fc.constantFrom(...keywordMatches),
    unless: fc.array(
      fc.string({ unit, minLength: 2, maxLength: 6 }).filter((text) => fold(text, 'accents').trim() !== ''),
      { maxLength: 1 },
    ),
    fold: fc.constantFrom('exact' as const, 'accents' as const, 'chat' as const),
    locale: fc.constantFrom(null, 'tr'),
    addresses: fc.constantFrom('skip' as const, 'count' as const),
  })

  it('give the same keywords', () => {
    fc.assert(
      fc.property(
        fc.array(anEntry, { minLength: 1, maxLength: 8 }),
        fc.string({ unit, maxLength: 30 }),
        fc.nat(),
        (drawn, text, where) => {
          const entries = drawn
            .map((fields) => keywordEntry(fields.keyword, fields))
            .filter((one) => fold(one.keyword.trim(), foldingOf(one)).trim() !== '')
          fc.pre(entries.length > 0)
          const matcher = compileKeywords(entries)
          // Random texts seldom contain a keyword, so one is inserted.
          const at = where % (text.length + 1)
          const written = `${text.slice(0, at)}${entries[where % entries.length]?.keyword}${text.slice(at)}`
          for (const one of [text, written]) {
            const counting = matcher.hits(one).filter(({ refused }) => refused === null)
            expect(matcher.entries(one)).toEqual([...new Set(counting.map(({ entry }) => entry))].sort((a, b) => a - b))
          }
        },
      ),
      { numRuns: 75 },
    )
  })

  it('have exactly the hits of a separate search for each keyword', () => {
    fc.assert(
      fc.property(
        fc.array(anEntry, { minLength: 1, maxLength: 8 }),
        fc.string({ unit, maxLength: 40 }),
        (drawn, text) => {
          const entries = drawn
            .map((fields) => keywordEntry(fields.keyword, fields))
            .filter((one) => fold(one.keyword, foldingOf(one)).trim() !== '' && !hasLikeness(foldingOf(one)))
          fc.pre(entries.length > 0)
          const expected = new Set<string>()
          entries.forEach((one, index) => {
            const folded = fold(text, foldingOf(one))
            const keyword = fold(one.keyword, foldingOf(one)).trim()
            for (let at = folded.indexOf(keyword); at >= 0; at = folded.indexOf(keyword, at + 1))
              expected.add(`${index} ${at}-${at + keyword.length}`)
          })
          const found = compileKeywords(entries).hits(text)
          expect(new Set(found.map(({ entry, start, end }) => `${entry} ${start}-${end}`))).toEqual(expected)
        },
      ),
      { numRuns: 50 },
    )
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

describe('hostile texts', () => {
  it('read no more than 30 marks on one letter, however invisible characters part them', () => {
    const stack = (marks: number) => `pago\u0301\u0323 a${'\u0323'.repeat(marks)}`
    expect(fold(stack(16_000))).toBe(fold(stack(30)))
    expect(fold(stack(29))).not.toBe(fold(stack(30)))
    const parted = `a${`${'\u0323'.repeat(20)}\u200b`.repeat(800)}`
    const kana = `カ${'\uff9e\u0323'.repeat(8_000)}`
    for (const text of [parted, kana]) expect(fold(text).length).toBeLessThanOrEqual(31)
  })

  it('pair the flags of a run from its start, and of each run anew', () => {
    const flag = entry('🇧🇷')
    expect(hits(`${'🇲🇽'.repeat(4_000)}🇧🇷`, flag)).toBe(true)
    expect(hits(`${'🇲🇽'.repeat(4_000)}🇲🇧🇷🇽`, flag)).toBe(false)
    expect(hits(`🇲${'🇧🇷'.repeat(3_000)}`, flag)).toBe(false)
    expect(hits(`🇲${'🇧🇷'.repeat(3_000)} 🇧🇷`, flag)).toBe(true)
  })

  it('know each of thousands of addresses in one run', () => {
    const addresses = 'pago@shop.example,'.repeat(900)
    expect(hits(addresses, entry('pago'))).toBe(false)
    expect(hits(`${addresses}pago`, entry('pago'))).toBe(true)
  })
})
