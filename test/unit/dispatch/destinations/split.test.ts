import type { Verdict } from '../../../../services/dispatch/destinations/destination.ts'
import { split } from '../../../../services/dispatch/destinations/tiktok/split.ts'

const parts = (size: number, verdict: Verdict, hints: number[] = []) => split(size, { verdict, hints })

describe('splitting a call', () => {
  it.each<[string, number, Verdict, number[], number[][] | null]>([
    ['leaves a success', 4, 'accepted', [], null],
    ['leaves a duplicate: it names the request', 4, 'duplicate', [], null],
    ['leaves a failure of the service', 4, 'service', [], null],
    ['leaves a refused token', 4, 'token', [], null],
    ['leaves an event that is alone', 1, 'bad_event', [0], null],
    [
      'halves without a hint',
      5,
      'bad_event',
      [],
      [
        [0, 1, 2],
        [3, 4],
      ],
    ],
    ['sets the hinted apart, neighbours first', 4, 'bad_event', [2], [[0, 1, 3], [2]]],
    ['sets several hinted apart, each alone', 4, 'bad_event', [2, 0], [[1, 3], [2], [0]]],
    [
      'ignores a position outside of the call',
      4,
      'bad_event',
      [4],
      [
        [0, 1],
        [2, 3],
      ],
    ],
    ['halves when all are hinted', 2, 'bad_event', [0, 1], [[0], [1]]],
    ['halves a partial success', 2, 'partial', [], [[0], [1]]],
    ['halves too many events', 3, 'too_many', [], [[0, 1], [2]]],
    ['halves an unknown code', 2, 'unknown', [], [[0], [1]]],
  ])('%s', (_name, size, verdict, hints, expected) => expect(parts(size, verdict, hints)).toEqual(expected))

  it('loses and doubles no position', () => {
    for (let size = 2; size < 60; size++) {
      const all = Array.from({ length: size }, (_, place) => place)
      for (const hints of [[], [0], [size - 1], [0, size - 1]]) {
        expect((parts(size, 'bad_event', hints) as number[][]).flat().sort((a, b) => a - b)).toEqual(all)
      }
    }
  })
})
