import { ReorderBuffer } from '../../../../../services/tools/replay/plan/reorder-buffer.ts'
import { ReplayCounts } from '../../../../../services/tools/replay/plan/replay-counts.ts'
import { message, noon, signal } from '../../../../support/builders.ts'

describe('the counts of a replay', () => {
  it('are per connection, day and flag, new against reported', () => {
    const counts = new ReplayCounts()
    const both = signal({ kind: 'keyword', flags: ['payment', 'thanks'] })
    counts.add(both, 'new')
    counts.add(signal({ kind: 'conversation' }), 'reported')
    counts.add(signal({ kind: 'conversation', occurredAt: noon - 86_400_000 }), 'new')
    counts.add(signal({ kind: 'order', connectionId: 'other' }), 'new')
    expect(counts.rows.map((row) => Object.values(row).join(' '))).toEqual([
      'acme-wa conversation 2026-11-22 1 0',
      'acme-wa conversation 2026-11-23 0 1',
      'acme-wa payment 2026-11-23 1 0',
      'acme-wa thanks 2026-11-23 1 0',
      'other order 2026-11-23 1 0',
    ])
    expect(counts.totals).toEqual({ new: 3, reported: 1 })
    counts.correct(both)
    expect(counts.totals).toEqual({ new: 2, reported: 2 })
  })
})

describe('event order', () => {
  const at = (...times: number[]) => times.map((time) => message({ occurredAt: time }))
  const times = (messages: readonly { occurredAt: number }[]) => messages.map(({ occurredAt }) => occurredAt)

  it('buffers a fixed number, and releases the oldest first', () => {
    const order = new ReorderBuffer(3)
    expect(times(order.add(at(5, 1, 9)))).toEqual([])
    expect(times(order.add(at(4, 2, 7)))).toEqual([1, 2, 4])
    expect(times(order.drain())).toEqual([5, 7, 9])
    expect(order.drain()).toEqual([])
  })
})
