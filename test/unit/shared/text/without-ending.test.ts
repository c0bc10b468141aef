import { linksIn } from '../../../../services/attribution/tracking-id/links.ts'
import { AddressRanges } from '../../../../services/keywords/matching/addresses.ts'
import { withoutEnding } from '../../../../services/shared/text/without-ending.ts'

describe('a text without its ending', () => {
  it.each([
    ['https://a.example/x.', '.,', 'https://a.example/x'],
    ['a.,.b.,.', '.,', 'a.,.b'],
    ['...', '.', ''],
    ['', '.', ''],
    ['a', '.', 'a'],
  ])('%j without %j is %j', (text, ending, rest) => {
    expect(withoutEnding(text, ending)).toBe(rest)
  })

  // A regular expression takes the square of the run's length, 10^12 steps: these two would not end.
  it('is found in a time that grows with the length, also where a run ends otherwise', () => {
    const text = `http://${'.'.repeat(1_048_576)}a`
    expect(linksIn(text)).toEqual([text])
  })

  it('is found in such a time around an address, too', () => {
    const text = `a${'-'.repeat(1_048_576)}pago`
    expect(new AddressRanges(text).contain(text.length - 4, text.length)).toBe(false)
  })

  it('leaves a link as before', () => {
    expect(linksIn('see https://a.example/?ttclid=E.C.P).')).toEqual(['https://a.example/?ttclid=E.C.P'])
  })
})
