import { textPatternProblem } from '../../../../services/shared/connections/extractors/extractors.ts'
import { literalLetters } from '../../../../services/shared/connections/extractors/literal.ts'

describe('the letters that each match of a pattern contains', () => {
  it.each<[string, number]>([
    ['\\[ref:([A-Z0-9]+)\\]', 3],
    ['(?i)\\bpromo-(\\w+)\\b', 5],
    ['(TIKTOK[0-9]{4})', 6],
    ['(?:re)f(\\d+)', 3],
    ['[Rr][Ee][Ff](\\d+)', 3],
    ['(?P<id>code-\\d+)', 4],
    ['\\Qcode\\E(\\d+)', 4],
    ['ré(f)', 3],
    ['(?:promo|codigo)-(\\d+)', 5],
    ['код(\\d+)', 3],
    ['(?s)^(.*)$', 0],
    ['#(\\w+)', 0],
    ['TT-(\\w+)', 2],
    ['(?:ref|.)(.*)', 0],
    ['(?:ref)?(.*)', 0],
    ['(?:ref)*(.*)', 0],
    ['(?:ref){0,3}(.*)', 0],
    ['ref?(.*)', 2],
    ['ref{0}(.*)', 2],
    ['r.e.f(.*)', 1],
    ['ref|(.*)', 0],
    ['[ref](.*)', 0],
    ['[^r][^e][^f](.*)', 0],
    ['\\w\\w\\w(.*)', 0],
    ['\\p{L}\\p{L}\\p{L}(.*)', 0],
    ['\\pL\\pL\\pL(.*)', 0],
    ['\\Qre\\Ef?(.*)', 2],
    ['\\Qref\\E*(.*)', 2],
    ['\\x{41}\\x42\\x43(.*)', 0],
    ['123(.*)', 0],
    ['()(?:)', 0],
  ])('of %s are %i', (pattern, letters) => expect(literalLetters(pattern)).toBe(letters))
})

describe('a pattern on a text', () => {
  const problem = (fields: object) => textPatternProblem({ from: 'text', pattern: '#(\\w+)', ...fields })
  it('needs three letters that always stand there', () => {
    expect(problem({})).toMatch(/at least 3 letters/)
    expect(problem({ pattern: 'ab(\\w+)' })).toMatch(/at least 3 letters/)
    expect(problem({ pattern: 'abc(\\w+)' })).toBeUndefined()
  })
  it('needs none where it reads a parameter, a link or a referral', () => {
    expect(problem({ query: 'u' })).toBeUndefined()
    expect(problem({ from: 'links' })).toBeUndefined()
    expect(problem({ from: 'referral.ref' })).toBeUndefined()
    expect(problem({ pattern: null, query: 'u' })).toBeUndefined()
  })
})
