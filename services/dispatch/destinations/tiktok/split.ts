/**
 * Splits a call that TikTok did not take as a whole into smaller calls.
 *
 * Safety rule: TikTok rejects an event only by refusing a call that holds this event alone. A hint in the message saves calls
 * (three in place of some ten); dispatch never rejects by a hint.
 */
import type { Judgement } from '../destination.ts'

/**
 * Positions of the smaller calls that replace a call of `size` events; null: the judgement is final for the whole call.
 * @param hinted the call was itself separated by a hint. It is halved this time, so that wrong hints at most double the calls
 * and do not cost one call an event.
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
      const faulty = hinted ? [] : hints.filter((position) => position < size)
      return faulty.length === 0 || faulty.length === size ? halves(size) : separated(size, new Set(faulty))
    }
    case 'too_many':
    case 'unknown':
      return halves(size)
    default:
      return null
  }
}

const positions = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

const halves = (size: number) => {
  const middle = Math.ceil(size / 2)
  return [positions(0, middle), positions(middle, size)]
}

/** The neighbours go first, in one call: they must not wait for the faulty ones. */
const separated = (size: number, faulty: ReadonlySet<number>) => [
  positions(0, size).filter((position) => !faulty.has(position)),
  ...Array.from(faulty, (position) => [position]),
]
