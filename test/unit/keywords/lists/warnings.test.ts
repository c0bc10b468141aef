import { listWarnings } from '../../../../services/keywords/lists/warnings.ts'
import { keywordEntry } from '../../../support/builders.ts'

describe('the warnings at an import', () => {
  it.each([
    ['a wildcard', [keywordEntry('pag*')], /"pag\*": \* and % are taken literally/],
    ['accents', [keywordEntry('envío'), keywordEntry('ñu')], /"envío", "ñu": people leave accents out/],
    ['letters that an encoding garbled', [keywordEntry('envÃ­o', { fold: 'accents' })], /read as Windows-1252/],
    ['a keyword that the dictionary cuts', [keywordEntry('โปรโมชั่น')], /"โปรโมชั่น": the dictionary knows several words/],
    [
      'an exception of another word',
      [keywordEntry('pagar', { unless: ['no quiero'] })],
      /names "no quiero", which does not contain it/,
    ],
    ['an entry that adds nothing', [keywordEntry('pago'), keywordEntry('mi pago')], /"mi pago" adds nothing: "pago"/],
    [
      'an entry that hides another',
      [keywordEntry('เงินสด', { flag: 'cash' }), keywordEntry('คูปองเงินสด', { flag: 'coupon' })],
      /"คูปองเงินสด" \(coupon\) hides "เงินสด" \(cash\)/,
    ],
  ])('name %s', (_name, entries, warning) => expect(listWarnings(entries).join('\n')).toMatch(warning))

  it('are none for a list that is meant as it is', () => {
    const entries = [
      keywordEntry('pago', { unless: ['método de pago'] }),
      keywordEntry('envío', { fold: 'accents', flag: 'shipping' }),
      keywordEntry('100%', { flag: 'sure' }),
      keywordEntry('付款', { flag: 'paid' }),
    ]
    expect(listWarnings(entries)).toEqual([])
  })
})
