import { judgeList } from '../../../../services/keywords/lists/limits.ts'
import { keywordEntry } from '../../../support/builders.ts'

const max = 64
const oneEach = (count: number) =>
  Array.from({ length: count }, (_, n) => keywordEntry(`palabra${n}x`, { flag: `flag_${n}` }))
/** Further keywords for the first flags. */
const second = (count: number) =>
  Array.from({ length: count }, (_, n) => keywordEntry(`otra${n}x`, { flag: `flag_${n}` }))

describe('a list that could tell what was said', () => {
  it('has too many flags', () => {
    expect(judgeList([...oneEach(65), ...second(65)], max).refused).toEqual([
      expect.stringContaining('65 flags, at most 64 are taken (KEYWORD_FLAGS_MAX)'),
    ])
    expect(judgeList([...oneEach(64), ...second(64)], max)).toEqual({ refused: [], doubtful: null })
    expect(judgeList([...oneEach(65), ...second(65)], 65)).toEqual({ refused: [], doubtful: null })
  })

  it('has a flag for nearly each keyword', () => {
    expect(judgeList(oneEach(21), max)).toEqual({
      refused: [],
      doubtful: expect.stringContaining("21 of the list's 21 flags"),
    })
    expect(judgeList(oneEach(20), max).doubtful).toBeNull()
    // 27 of 30 are 90 %, and 28 are over 90 %.
    expect(judgeList([...oneEach(30), ...second(3)], max).doubtful).toBeNull()
    expect(judgeList([...oneEach(30), ...second(2)], max).doubtful).not.toBeNull()
  })

  it.each(['a', 'Ж', 'ñ', '(b)', ' c ', 'ｄ', 'ก', 'क', 'א', '\u200be'])('has a keyword of one letter: %s', (keyword) =>
    expect(judgeList([keywordEntry(keyword)], max).refused).toEqual([expect.stringContaining('is one letter')]),
  )

  it.each<[string, 'accents' | 'chat', RegExp]>([
    ['eee', 'chat', /is one letter/],
    ['q\u0303', 'accents', /is one letter/],
    ['7\u0301', 'accents', /is of digits alone/],
  ])('has a keyword that its own folding makes one: %s, %s', (keyword, fold, problem) => {
    expect(judgeList([keywordEntry(keyword, { fold })], max).refused).toEqual([expect.stringMatching(problem)])
    expect(judgeList([keywordEntry('ee', { fold: 'chat' })], max).refused).toEqual([])
  })

  it.each(['4111', '7', '+51 987-654-321', '24/7', '９９', '٤٢', '(1)'])(
    'has a keyword of digits alone: %s',
    (keyword) =>
      expect(judgeList([keywordEntry(keyword)], max).refused).toEqual([expect.stringContaining('is of digits alone')]),
  )

  it.each(['買', '네', 'は', 'ok', 'si', 'की', '$50', '50%off', '👍', '4x', '!'])('is none for %s', (keyword) =>
    expect(judgeList([keywordEntry(keyword)], max)).toEqual({ refused: [], doubtful: null }),
  )

  it('is described by at most 20 of its keywords', () => {
    const digits = Array.from({ length: 30 }, (_, n) => keywordEntry(String(n)))
    const { refused } = judgeList(digits, max)
    expect(refused).toHaveLength(21)
    expect(refused.at(-1)).toBe('… and 10 more')
  })
})
