import { pack, unpack } from '../../../../services/shared/conversations/pack.ts'
import { stateFromRecord, touchesRecordOf } from '../../../../services/shared/conversations/record.ts'
import {
  type ConversationState,
  emptyState,
  heard,
  isStart,
  lastStart,
  lastTouch,
  merged,
  positioned,
  started,
  touched,
} from '../../../../services/shared/conversations/state.ts'
import { noon } from '../../../support/builders.ts'

const day = 86_400_000
const week = 7 * day
const a = { message: 'aaaaaaaaaaaa', occurredAt: noon }
const b = { message: 'bbbbbbbbbbbb', occurredAt: noon + 1000 }
const c = { message: 'cccccccccccc', occurredAt: noon + 2000 }
const touch = (occurredAt: number, trackingId: string) => ({ occurredAt, trackingId, message: null, within: 0 })

describe('a conversation', () => {
  it('keeps the message that started it, and those that started it again', () => {
    const state = started(started(emptyState, a), c)
    expect([a, b, c].map(({ message }) => isStart(state, message))).toEqual([true, false, true])
    expect(lastStart(state)).toEqual(c)
    expect(lastStart(state, b.occurredAt)).toEqual(a)
    expect(lastStart(emptyState)).toBeNull()
  })

  it('orders its first messages by event time, in any order of arrival', () => {
    const late = positioned(emptyState, c, 2)
    const earlier = positioned(late.state, a, 2)
    const between = positioned(earlier.state, b, 2)
    expect([late.position, earlier.position, between.position]).toEqual([1, 1, 2])
    expect(between.state.firstMessages).toEqual([a, b])
    expect(positioned(between.state, c, 2)).toEqual({ state: between.state, position: null })
    expect(positioned(between.state, a, 2).position).toBe(1)
    expect(positioned(emptyState, a, 0)).toEqual({ state: emptyState, position: null })
  })

  it('removes a touch from a text that is no longer among the first', () => {
    const found = { occurredAt: c.occurredAt, trackingId: 'x', message: c.message, within: 2 }
    const state = touched(positioned(emptyState, c, 2).state, found, week)
    expect(positioned(state, a, 2).state.touches).toEqual([found])
    expect(positioned(positioned(state, a, 2).state, b, 2).state.touches).toEqual([])
  })

  it.each([
    ['the last one before the message', noon + 3000, 'second'],
    ['the one that was valid then, for an old message read again', noon + 1500, 'first'],
    ['none before the first', noon - 1, undefined],
    ['one at the same moment', noon, 'first'],
    ['none beyond the window', noon + 2000 + week + 1, undefined],
    ['one at the window’s edge', noon + 2000 + week, 'second'],
  ])('is credited to %s', (_name, at, expected) => {
    const state = touched(touched(emptyState, touch(noon + 2000, 'second'), week), touch(noon, 'first'), week)
    expect(lastTouch(state, at, week)?.trackingId).toBe(expected)
  })

  it('does not change when a touch is redelivered', () => {
    const state = touched(emptyState, touch(noon, 'x'), week)
    expect(touched(state, touch(noon, 'x'), week)).toBe(state)
  })

  it('removes touches that no window reaches, except the one of its last start', () => {
    const old = touched(emptyState, touch(noon - 15 * day, 'old'), week)
    expect(touched(old, touch(noon, 'new'), week).touches).toHaveLength(1)
    const driven = started(old, { ...a, occurredAt: noon - 14 * day })
    expect(touched(driven, touch(noon, 'new'), week).touches).toHaveLength(2)
  })

  it('keeps the touches of short windows as long as sources retry deliveries', () => {
    const old = touched(emptyState, touch(noon - 4.5 * day, 'old'), day)
    expect(touched(old, touch(noon, 'new'), day).touches).toHaveLength(2)
  })

  it('updates the time of its last message: exactly if silences count, else weekly', () => {
    const state = heard(emptyState, noon, false)
    expect(state.lastAt).toBe(noon)
    expect(heard(state, noon + 6 * day, false)).toBe(state)
    expect(heard(state, noon + 7 * day, false).lastAt).toBe(noon + 7 * day)
    expect(heard(state, noon + 1, true).lastAt).toBe(noon + 1)
    expect(heard(state, noon - 1, true)).toBe(state)
  })

  it('merged from two ids keeps the earlier start, all touches, and its own held messages', () => {
    const one = { ...touched(started(emptyState, b), touch(noon, 'x'), week), waiting: [c], waitUntil: noon + 5000 }
    const other = { ...touched(started(emptyState, a), touch(noon - 5, 'y'), week), waiting: [a], waitUntil: noon }
    const thread = merged(one, [other], ['22'.repeat(16)])
    expect(thread).toMatchObject({
      startedBy: a.message,
      restarts: [b],
      touches: [{ trackingId: 'y' }, { trackingId: 'x' }],
      waiting: [c],
      aliases: ['22'.repeat(16)],
    })
    expect(merged(thread, [other], ['22'.repeat(16)])).toBe(thread)
    expect(merged(emptyState, [], [])).toBe(emptyState)
  })
})

const full: ConversationState = {
  startedBy: a.message,
  startedAt: a.occurredAt,
  restarts: [c],
  firstMessages: [a, b],
  touches: [
    { occurredAt: noon - 5, trackingId: '1780000000000000001', message: null, within: 0 },
    { occurredAt: noon, trackingId: 'E.C.P.é', message: a.message, within: 3 },
    { occurredAt: noon + 9, trackingId: '007', message: null, within: 0 },
  ],
  lastAt: noon + 30 * day,
  waiting: [c],
  waitUntil: noon + 30_000,
  origins: [
    { occurredAt: noon - 5, source: 'tiktok_ad', adId: '1780000000000000001' },
    { occurredAt: noon, source: 'link', adId: null },
    { occurredAt: noon + 9, source: 'other', adId: '007' },
  ],
  counted: [a.message, b.message],
  aliases: ['22'.repeat(16), '3f'.repeat(16)],
  consent: noon - 90 * day,
  version: 513,
}

describe('a conversation’s state', () => {
  it.each<[string, ConversationState]>([
    ['with everything', full],
    ['with nothing', emptyState],
    ['started by a message that is none of the first', { ...emptyState, startedBy: c.message, startedAt: noon }],
    ['that was touched before it started', touched(emptyState, touch(noon, '12'), week)],
    ['of which only a message waits', { ...emptyState, waiting: [a], waitUntil: noon - 7 }],
  ])('survives its packed form and its record: %s', (_name, state) => {
    expect(unpack(pack(state))).toEqual(state)
    expect(stateFromRecord(touchesRecordOf('c0', state, 'acme-wa'))).toEqual(state)
  })

  it('is absent if the bytes have another format', () => {
    expect(unpack(Buffer.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]))).toBeNull()
    expect(unpack(Buffer.alloc(0))).toBeNull()
  })

  it('takes at most 56 bytes for a conversation that came by an ad and wrote three times', () => {
    const { restarts, waiting, waitUntil, counted, aliases, touches, origins, ...plain } = full
    const third = { message: 'dddddddddddd', occurredAt: noon + 600_000 }
    const state = {
      ...emptyState,
      ...plain,
      lastAt: noon,
      touches: touches.slice(0, 1),
      origins: origins.slice(0, 1),
      firstMessages: [a, b, third],
    }
    expect(pack(state).length).toBeLessThanOrEqual(56)
  })
})
