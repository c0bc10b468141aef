import { countEmitted } from '../../../services/keywords/signal-metrics.ts'
import { forward } from '../../../services/runtime/batch/outcome.ts'
import { Metrics } from '../../../services/runtime/metrics/metrics.ts'
import type { Signal } from '../../../services/shared/model/topic-values.ts'
import { signal } from '../../support/builders.ts'

const raised = (fields: Partial<Signal>) => forward({ topic: 'signals', key: 'acme', value: signal(fields) })

describe('the counts of raised signals', () => {
  it('tell starts with a tracking ID from those without, both from the first start on', async () => {
    const metrics = new Metrics('keywords')
    const count = countEmitted(metrics)
    count([], [raised({ connectionId: 'lost', kind: 'conversation', trackingId: null })])
    count([], [raised({ connectionId: 'acme', kind: 'conversation', trackingId: 'x' })])
    count([], [raised({ connectionId: 'acme', kind: 'keyword', trackingId: 'x' })])
    const lines = (await metrics.render()).split('\n').filter((line) => line.startsWith('signals_conversation_starts'))
    expect(lines.map((line) => line.replace(',stage="keywords"', ''))).toEqual([
      'signals_conversation_starts_total{connection="lost",tracking_id="yes"} 0',
      'signals_conversation_starts_total{connection="lost",tracking_id="no"} 1',
      'signals_conversation_starts_total{connection="acme",tracking_id="yes"} 1',
      'signals_conversation_starts_total{connection="acme",tracking_id="no"} 0',
    ])
  })
})
