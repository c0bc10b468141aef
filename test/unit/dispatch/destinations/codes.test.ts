import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Verdict } from '../../../../services/dispatch/destinations/destination.ts'
import { codeRanges, codes, entryOf, verdicts } from '../../../../services/dispatch/destinations/tiktok/codes.ts'

/** The decisions, written a second time: a slip in the table must not pass unseen. */
const decided: Record<Verdict, readonly number[]> = {
  accepted: [0],
  duplicate: [40050],
  partial: [20001],
  too_many: [40061, 40011],
  bad_event: [40000, 40002, 40006, 40007, 40008, 40051, 40062, 40063, 40700, 41002],
  throttled: [40100, 40016, 40133, 40132],
  service: [50000, 50002, 51000, 51065, 51999, 52000, 52204, 52999, 60001, 61000, 40202],
  token: [40102, 40105],
  authorisation: [
    40001, 40103, 40104, 40106, 40107, 40113, 40114, 40118, 40119, 40124, 40125, 40130, 40131, 40300, 40301,
  ],
  unknown: [1, -1, 20000, 40064, 40999, 50001, 53000, 99999],
}

describe('the table of codes', () => {
  const cases = Object.entries(decided).flatMap(([verdict, list]) => list.map((code) => [code, verdict] as const))
  it.each(cases)('takes %i as %s', (code, verdict) => expect(entryOf(code).verdict).toBe(verdict))

  it('holds nothing that was not decided', () => {
    const listed = new Set(Object.values(decided).flat())
    expect(
      Object.keys(codes)
        .map(Number)
        .filter((code) => !listed.has(code)),
    ).toEqual([])
  })

  it('says what to do for every verdict', () => {
    for (const { does, help } of Object.values(verdicts)) expect(does.length * help.length).toBeGreaterThan(0)
  })
})

describe('docs/tiktok-codes.md', () => {
  // A formatter may align the columns.
  const text = readFileSync(join(import.meta.dirname, '../../../../docs/tiktok-codes.md'), 'utf8')
  const lines = text.split('\n').map((line) => line.replace(/ +/g, ' '))

  it('has a line for every code, and for no other', () => {
    const inDocs = lines.filter((line) => /^\| \d/.test(line))
    const expected = [
      ...Object.keys(codes).map((code) => [code, entryOf(Number(code))] as const),
      ...codeRanges.map((range) => [`${range.from}–${range.to}`, range] as const),
    ].map(([label, { name, verdict, source }]) => `| ${label} | ${name} | \`${verdict}\` | ${source} |`)
    expect([...inDocs].sort()).toEqual(expected.sort())
  })

  it('has a line for every verdict', () => {
    for (const [verdict, { does, help }] of Object.entries(verdicts)) {
      expect(lines).toContain(`| \`${verdict}\` | ${does} | ${help} |`)
    }
  })
})
