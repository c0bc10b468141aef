/**
 * How a call that TikTok did not take as a whole is sent again in parts.
 *
 * The rule that keeps it safe: an event is rejected only by a refusal of a call in which it stood alone. A hint in the
 * message shortens the way there (three calls in place of some ten); it is never a verdict itself.
 */
import type { Judgement } from './judge.ts'

/**
 * Parts to send in place of a call of `size` events, as lists of places; null: it stands as it was judged.
 * @param hinted the call is what a hint left: halved this time, so that hints that are wrong each time cost twice as much, not a
 * call for each event
 */
export const split = (
  size: number,
  { verdict, hints }: Pick<Judgement, 'verdict' | 'hints'>,
  hinted = false,
): number[][] | null => {
  if (size < 2) return null
  switch (verdict) {
    case 'bad_event':
    case 'partial': {
      const culprits = hinted ? [] : hints.filter((place) => place < size)
      return culprits.length === 0 || culprits.length === size ? halves(size) : apart(size, new Set(culprits))
    }
    case 'too_many':
    case 'unknown':
      return halves(size)
    default:
      return null
  }
}

const places = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

const halves = (size: number) => {
  const middle = Math.ceil(size / 2)
  return [places(0, middle), places(middle, size)]
}

/** The neighbours first, in one call: they are what must not wait. */
const apart = (size: number, culprits: ReadonlySet<number>) => [
  places(0, size).filter((place) => !culprits.has(place)),
  ...Array.from(culprits, (place) => [place]),
]
