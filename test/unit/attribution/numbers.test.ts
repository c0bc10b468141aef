import { emptyState, maxCounted, merged, numbered, started } from '../../../services/shared/conversations/state.ts'
import { noon } from '../../support/builders.ts'

const at = (n: number, occurredAt = noon + n) => ({ message: n.toString(16).padStart(12, '0'), occurredAt })

/** The numbers of messages that arrive in this order. */
const numbersOf = (order: readonly number[], limit: number, from = emptyState) => {
  let state = from
  return order.map((n) => {
    const next = numbered(state, at(n), limit)
    state = next.state
    return next.number
  })
}

describe('the number of an inbound message', () => {
  it('counts by arrival, up to the limit', () => expect(numbersOf([5, 2, 9, 1], 3)).toEqual([1, 2, 3, null]))

  it('is the same for a copy, also once the limit is reached', () =>
    expect(numbersOf([1, 1, 2, 3, 2, 4, 1], 3)).toEqual([1, 1, 2, 3, 2, null, 1]))

  it('is not kept where no rule asks', () => {
    expect(numbersOf([1, 2], 0)).toEqual([null, null])
    expect(numbered(emptyState, at(1), 0).state).toBe(emptyState)
  })

  it('is bounded whatever a rule asks', () => {
    const order = Array.from({ length: maxCounted + 1 }, (_, n) => n)
    expect(numbersOf(order, 1_000).slice(-2)).toEqual([maxCounted, null])
  })

  it('begins anew where the conversation starts again, and a late message of the time before has none', () => {
    const first = numbered(started(emptyState, at(1)), at(1), 3).state
    const second = numbered(first, at(2), 3).state
    const again = started(second, at(100))
    expect(numbersOf([100, 50, 101, 100], 3, again)).toEqual([1, null, 2, 1])
  })

  it('counts a message under each id of the conversation once', () => {
    const own = numbered(numbered(emptyState, at(1), 9).state, at(2), 9).state
    const other = numbered(numbered(emptyState, at(2), 9).state, at(3), 9).state
    const joined = merged(own, [other], ['22'.repeat(16)])
    expect(numbered(joined, at(4), 9).number).toBe(4)
  })
})
