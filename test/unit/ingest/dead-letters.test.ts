import { deadLettersOf } from '../../../services/ingest/dead-letters.ts'

const failed = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ rule: `rules.${n}`, reason: 'it names no person' }))
const details = (count: number, bytes: number) =>
  deadLettersOf('example', failed(count), bytes).map((outcome) =>
    outcome.kind === 'deadLettered' ? outcome.failure.detail : outcome.kind,
  )

describe('unmappable items', () => {
  it('give one dead letter each, with source, rule and reason', () => {
    expect(details(2, 1_000)).toEqual([
      'example, rule rules.0: it names no person',
      'example, rule rules.1: it names no person',
    ])
    expect(details(0, 1_000)).toEqual([])
  })

  it.each([
    [100_000, 1_000, 100],
    [100_000, 1_048_576, 16],
    [5, 8_000_000, 2],
    [2, 20_000_000, 1],
  ])(
    '%d in a delivery of %d bytes give %d dead letters, the last of which counts the rest',
    (count, bytes, letters) => {
      const all = details(count, bytes)
      expect(all).toHaveLength(letters)
      expect(all.at(-1)).toMatch(new RegExp(`; and ${count - letters} more items of this delivery$`))
    },
  )
})
