import { ActivityWindow } from '../../../services/control/overview/activity.ts'

const gateway = (counts: Record<string, number>, address = 'http://gateway/metrics') => ({
  ...{ stage: 'gateway' as const, address },
  text: Object.entries(counts)
    .map(([name, count]) =>
      name === 'stored'
        ? `signals_deliveries_received_total{source="whatsapp",status="200"} ${count}`
        : `signals_deliveries_refused_total{source="whatsapp",code="${name}"} ${count}`,
    )
    .join('\n'),
})
const ingest = (counts: Record<string, number>) => ({
  ...{ stage: 'ingest' as const, address: 'http://ingest/metrics' },
  text: Object.entries(counts)
    .map(
      ([name, count]) =>
        `signals_outcomes_total{outcome="${name.split(' ')[0]}",reason="${name.split(' ')[1] ?? ''}"} ${count}`,
    )
    .join('\n'),
})

describe('what the stages counted lately', () => {
  it('leaves out what was counted before the first look', () => {
    const window = new ActivityWindow()
    window.add(0, [gateway({ stored: 1_000, not_stored: 50 })])
    expect(window.activity()).toMatchObject({ refused: {}, dropped: {}, deadLettered: {} })
    expect(window.rateOf('gateway')).toEqual({ perSecond: null, errorShare: null })
  })

  it('is the growth of the counters, by code and by reason', () => {
    const window = new ActivityWindow()
    window.add(0, [gateway({ stored: 10 }), ingest({ forwarded: 10, 'dropped duplicate': 1 })])
    window.add(10_000, [
      gateway({ stored: 60, not_stored: 50 }),
      ingest({ forwarded: 57, 'dropped duplicate': 3, 'deadLettered bytes_invalid': 1 }),
    ])
    expect(window.activity()).toMatchObject({
      refused: { 'whatsapp/not_stored': 50 },
      dropped: { duplicate: 2 },
      deadLettered: { bytes_invalid: 1 },
    })
    expect(window.rateOf('gateway')).toEqual({ perSecond: 10, errorShare: 0.5 })
    expect(window.rateOf('ingest')).toEqual({ perSecond: 5, errorShare: 0.02 })
  })

  it('goes on across a restart of a process, and adds up its instances', () => {
    const window = new ActivityWindow()
    const other = 'http://gateway-2/metrics'
    window.add(0, [gateway({ not_stored: 100 }), gateway({ not_stored: 7 }, other)])
    window.add(10_000, [gateway({ not_stored: 4 }), gateway({ not_stored: 8 }, other)])
    expect(window.activity().refused).toEqual({ 'whatsapp/not_stored': 5 })
  })

  it('forgets what is older than the window', () => {
    const window = new ActivityWindow()
    window.add(0, [gateway({ not_stored: 0 })])
    window.add(10_000, [gateway({ not_stored: 9 })])
    window.add(700_000, [gateway({ not_stored: 9 })])
    expect(window.activity().refused).toEqual({})
  })
})
