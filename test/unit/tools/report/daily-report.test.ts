import fc from 'fast-check'
import { deliveryOutcomes, signalKinds } from '../../../../services/shared/model/topic-values.ts'
import { DailyReport } from '../../../../services/tools/report/daily-report.ts'
import { decimalOfMicros, microsOf } from '../../../../services/tools/report/decimal-sum.ts'
import { deliveryOf, noon, signal } from '../../../support/builders.ts'

const id = (n: number) => n.toString(16).padStart(32, '0')
const all = () => true

describe('a report', () => {
  it('counts by origin, flag, event and currency', () => {
    const report = new DailyReport(all)
    const purchase = (n: number, value: string, currency: string) =>
      signal({ signalId: id(n), kind: 'outcome', event: 'Purchase', value, currency })
    for (const one of [
      signal({ signalId: id(1), origin: 'tiktok_ad', trackingId: 'x' }),
      signal({ signalId: id(2), origin: 'none' }),
      signal({ signalId: id(3), kind: 'keyword', flags: ['payment', 'shipping'] }),
      purchase(4, '0.1', 'IDR'),
      purchase(5, '0.2', 'IDR'),
      purchase(6, '7', 'VND'),
    ])
      report.settled(deliveryOf(one))
    expect(report.rows()).toMatchObject([
      {
        ...{ day: '2026-11-23', connectionId: 'acme-wa', shareWithTrackingId: 0.5, sent: 6, accepted: 6, waiting: 0 },
        conversationsByOrigin: { tiktok_ad: 1, none: 1 },
        keywordsByFlag: { payment: 1, shipping: 1 },
        outcomes: { Purchase: { count: 3, values: { IDR: '0.3', VND: '7' } } },
      },
    ])
  })

  it('leaves out a value that is no decimal', () => {
    const report = new DailyReport(all)
    for (const [n, value] of ['x', '-1', '1e9', '2'].entries())
      report.settled(
        deliveryOf(signal({ signalId: id(n), kind: 'outcome', event: 'Purchase', value, currency: 'IDR' })),
      )
    expect(report.rows()).toMatchObject([{ outcomes: { Purchase: { count: 4, values: { IDR: '2' } } } }])
  })

  it('counts a signal once, with its last delivery, and one without a delivery as waiting', () => {
    const report = new DailyReport(all)
    const [sent, open] = [signal({ signalId: id(1) }), signal({ signalId: id(2) })]
    for (const one of [sent, open]) report.raised(one)
    report.settled(deliveryOf(sent, { outcome: 'withheld', code: null }))
    report.settled(deliveryOf(sent, { outcome: 'rejected', code: 40002 }))
    expect(report.rows()).toMatchObject([{ withheld: 0, rejectedByCode: { 40002: 1 }, sent: 1, waiting: 1 }])
  })

  it('is about the days and connections that are asked for', () => {
    const report = new DailyReport((connectionId, at) => connectionId === 'acme-wa' && at < noon + 1)
    report.settled(deliveryOf(signal({ signalId: id(1), occurredAt: noon + 1 })))
    report.settled(deliveryOf(signal({ signalId: id(2), connectionId: 'other' })))
    expect(report.rows()).toEqual([])
  })

  it('adds up to the last signal, whatever is delivered again', () => {
    const anyDelivery = fc.record({
      n: fc.nat(30),
      outcome: fc.constantFrom(...deliveryOutcomes),
      kind: fc.constantFrom(...signalKinds),
      day: fc.nat(3),
    })
    fc.assert(
      fc.property(fc.array(anyDelivery), fc.array(fc.nat(40)), (deliveries, raised) => {
        const report = new DailyReport(all)
        // A signal has one time.
        const at = (n: number) => noon + (n % 4) * 86_400_000
        for (const n of raised) report.raised(signal({ signalId: id(n), occurredAt: at(n) }))
        for (const { n, outcome, kind } of deliveries)
          report.settled(deliveryOf(signal({ signalId: id(n), kind, occurredAt: at(n) }), { outcome }))
        const settled = new Set(deliveries.map(({ n }) => n))
        const sum = (of: (row: ReturnType<DailyReport['rows']>[number]) => number) =>
          report.rows().reduce((total, row) => total + of(row), 0)
        expect(sum(({ sent, expired, withheld, counted }) => sent + expired + withheld + counted)).toBe(settled.size)
        expect(sum(({ waiting }) => waiting)).toBe(new Set(raised.filter((n) => !settled.has(n))).size)
      }),
    )
  })
})

describe('sums of decimals', () => {
  it.each([
    ['0', '0'],
    ['12.50', '12.5'],
    ['999999999999999.999999', '999999999999999.999999'],
    ['0.000001', '0.000001'],
  ])('%s is %s', (value, sum) => expect(decimalOfMicros(microsOf(value))).toBe(sum))
})
