import type { TimeUnit } from '../../../../../services/shared/sources/interpreter/language/event-rule.ts'
import { timeIn } from '../../../../../services/shared/sources/interpreter/values/time.ts'
import { eventOf } from '../../../../support/mapping.ts'

const at = Date.UTC(2025, 10, 25, 8, 40, 0)
const now = at + 60_000

describe('a time', () => {
  it.each<[TimeUnit, unknown]>([
    ['s', at / 1000],
    ['s', String(at / 1000)],
    ['s', `${at / 1000}.000`],
    ['ms', at],
    ['ms', String(at)],
    ['us', `${at}000`],
    ['ns', `${at}000000`],
    ['iso', '2025-11-25T08:40:00Z'],
    ['iso', '2025-11-25T15:40:00+07:00'],
    ['iso', '2025-11-25T15:40:00.000+0700'],
    ['iso-utc', '2025-11-25T08:40:00'],
    ['iso-utc', '2025-11-25 08:40'],
    ['iso-utc', '2025-11-25T15:40:00.000000+07:00'],
    ['auto', at / 1000],
    ['auto', at],
    ['auto', `${at}000`],
    ['auto', `${at}000000`],
  ])('in %s is read from %p', (unit, value) => expect(timeIn(value, unit, now)).toBe(at))

  it.each<[TimeUnit, unknown]>([
    ['s', at],
    ['ms', at / 1000],
    ['s', '0'],
    ['s', Number.NaN],
    ['s', Number.POSITIVE_INFINITY],
    ['s', -1],
    ['s', ''],
    ['s', '  '],
    ['s', '1e9'],
    ['s', '9'.repeat(400)],
    ['s', true],
    ['s', {}],
    ['s', [at / 1000]],
    ['ms', Date.UTC(2009, 11, 31)],
    ['ms', now + 6 * 60_000],
    ['iso', '2025-11-25T08:40:00'],
    ['iso', '2025-13-45T08:40:00Z'],
    ['iso', 'yesterday 2025'],
    ['iso', at],
    ['iso-utc', '25/11/2025'],
    ['auto', 'soon'],
  ])('in %s is not read from %p', (unit, value) => expect(timeIn(value, unit, now)).toBeNull())

  it('may be a little ahead of our clock', () => expect(timeIn(now + 4 * 60_000, 'ms', now)).toBe(now + 4 * 60_000))

  it('is the first valid one, the envelope’s after the item’s, else that of receipt', () => {
    const time = [
      { of: 'item.at', unit: 'ms' },
      { of: 'body.sent', unit: 's', source: 'delivery' },
    ]
    const of = (fields: object, body: object = {}) => {
      const { occurredAt, timeSource } = eventOf({ time }, fields, { receivedAt: now, body })
      return [occurredAt, timeSource]
    }
    expect(of({ at })).toEqual([at, 'event'])
    expect(of({ at: 0 }, { sent: at / 1000 })).toEqual([at, 'delivery'])
    expect(of({ at: 'x' })).toEqual([now, 'received'])
  })
})
