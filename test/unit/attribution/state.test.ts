import { emptyState, lastTouch, merged, position, start, touch } from '../../../services/attribution/state.ts'
import { pack, unpack } from '../../../services/attribution/store.ts'
import { noon } from '../../support/builders.ts'

const day = 86_400_000
const week = 7 * day
const a = { id: 'aaaaaaaaaaaaaaaa', occurredAt: noon }
const b = { id: 'bbbbbbbbbbbbbbbb', occurredAt: noon + 1000 }

describe('a conversation', () => {
  it('is started by its first message, also when that one is delivered again, and by no other', () => {
    const first = start(emptyState, a)
    expect(first.starts).toBe(true)
    expect(start(first.state, b).starts).toBe(false)
    expect(start(first.state, a).starts).toBe(true)
  })

  it('knows its first messages by identity', () => {
    const one = position(emptyState, a.id, 2)
    const two = position(one.state, b.id, 2)
    expect([one.position, two.position]).toEqual([1, 2])
    expect(position(two.state, 'cccccccccccccccc', 2).position).toBeNull()
    expect(position(two.state, a.id, 2).position).toBe(1)
  })

  it.each([
    ['the last one before the message', noon + 3000, 'second'],
    ['the one that was valid then, for an old message read again', noon + 1500, 'first'],
    ['none before the first', noon - 1, null],
    ['one at the same moment', noon, 'first'],
    ['none beyond the window', noon + 2000 + week + 1, null],
    ['one at the window’s edge', noon + 2000 + week, 'second'],
  ])('is credited to %s', (_name, at, expected) => {
    const state = touch(
      touch(emptyState, { occurredAt: noon + 2000, trackingId: 'second' }, week),
      { occurredAt: noon, trackingId: 'first' },
      week,
    )
    expect(lastTouch(state, at, week)).toBe(expected)
  })

  it('does not change when a touch is delivered again', () => {
    const state = touch(emptyState, { occurredAt: noon, trackingId: 'x' }, week)
    expect(touch(state, { occurredAt: noon, trackingId: 'x' }, week)).toBe(state)
  })

  it('forgets touches that no window reaches', () => {
    const old = touch(emptyState, { occurredAt: noon - 15 * day, trackingId: 'old' }, week)
    expect(touch(old, { occurredAt: noon, trackingId: 'new' }, week).touches).toHaveLength(1)
  })

  it('that was known by two ids keeps the earlier start and all touches', () => {
    const one = touch(start(emptyState, b).state, { occurredAt: noon, trackingId: 'x' }, week)
    const other = touch(start(emptyState, a).state, { occurredAt: noon - 5, trackingId: 'y' }, week)
    expect(merged([one, other])).toMatchObject({ startedBy: a.id, touches: [{ trackingId: 'y' }, { trackingId: 'x' }] })
    expect(merged([])).toBe(emptyState)
  })

  it('survives its packed form', () => {
    const state = touch(
      position(start(emptyState, a).state, a.id, 3).state,
      { occurredAt: noon, trackingId: 'E.C.P.é' },
      week,
    )
    expect(unpack(pack(state))).toEqual(state)
    expect(unpack(pack(emptyState))).toEqual(emptyState)
    expect(pack(state).length).toBeLessThan(60)
  })
})
