import { linksIn } from '../../../services/attribution/tracking-id/links.ts'
import { AddressRanges } from '../../../services/keywords/matching/addresses.ts'
import { withoutEnding } from '../../../services/runtime/without-ending.ts'

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

  // With a regular expression this text takes a minute: the time grew with the square of the run's length.
  it('is found in a time that grows with the length, also where a run ends otherwise', () => {
    const text = `http://${'.'.repeat(131_072)}a`
    const started = performance.now()
    expect(linksIn(text)).toEqual([text])
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('is found in such a time around an address, too', () => {
    const text = `a${'-'.repeat(131_072)}pago`
    const started = performance.now()
    expect(new AddressRanges(text).contain(text.length - 4, text.length)).toBe(false)
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('leaves a link as before', () => {
    expect(linksIn('see https://a.example/?ttclid=E.C.P).')).toEqual(['https://a.example/?ttclid=E.C.P'])
  })
})
