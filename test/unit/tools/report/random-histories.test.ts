/** Reports of random histories by the stages themselves: with copies, replays, redrives, kills, and a TikTok that fails. */
import fc from 'fast-check'
import type { MessageEvent } from '../../../../services/shared/model/message-event.ts'
import type { Delivery, Signal } from '../../../../services/shared/model/topic-values.ts'
import type { ReportRow } from '../../../../services/tools/report/daily-report.ts'
import { readReport } from '../../../../services/tools/report/read-report.ts'
import { replayTopic, topics } from '../../../../services/topology.ts'
import { keywordEntry, keywordList, noon } from '../../../support/builders.ts'
import { adReferral } from '../../../support/explain.ts'
import { openMemoryDispatch, type TikTokAnswer } from '../../../support/memory-dispatch.ts'
import { type MemoryPipeline, openMemoryPipeline } from '../../../support/memory-pipeline.ts'
import { condition, rule, ruleSet } from '../../../support/rules.ts'

const flagged = (version: number, ...words: string[]) =>
  keywordList({ version, createdAt: 1, entries: words.map((word) => keywordEntry(word, { flag: `flag-${word}` })) })
const rules = [
  rule({ event: 'Lead', when: condition({ outcome: ['won'] }), value: true }),
  rule({ event: 'Seen', when: condition({ outcome: ['seen'] }), report: 'count_only' }),
  rule({ event: 'Second', when: condition({ inboundMessages: 2 }) }),
]
const ruleSets = [ruleSet({ createdAt: 1, rules })]
const label = { kind: 'outcome', direction: 'outbound', sender: 'agent', text: null, textOrigin: null } as const

type Step =
  | { readonly does: 'event'; readonly chat: number; readonly id: number; readonly fields: Partial<MessageEvent> }
  | { readonly does: 'redrive'; readonly topic: string; readonly at: number }
  | { readonly does: 'dispatch'; readonly answer: TikTokAnswer; readonly isSaved: boolean }
  | { readonly does: 'pass'; readonly hours: number }
  | { readonly does: 'replay' }

const anyFields: fc.Arbitrary<Partial<MessageEvent>> = fc.oneof(
  fc.constantFrom('hola', 'pago', 'envio', 'pago envio').map((text) => ({ text })),
  fc
    .constantFrom('0.1', '0.2', '7')
    .chain((value) =>
      fc
        .constantFrom('MXN', 'IDR')
        .map((currency) => ({ ...label, outcome: { name: 'won', value, currency, reference: null } })),
    ),
  fc.constant({ ...label, outcome: { name: 'seen', value: null, currency: null, reference: null } }),
  fc.constant({ text: 'hola', referral: adReferral }),
)
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ does: fc.constant('event' as const), chat: fc.nat(3), id: fc.nat(12), fields: anyFields }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('redrive' as const),
      topic: fc
        .constantFrom('channelEvents', 'messages', 'attributedMessages', 'signals')
        .map((name) => topics[name as 'signals'].name as string),
      at: fc.nat(50),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('dispatch' as const),
      answer: fc.constantFrom<TikTokAnswer>('accepts', 'knows', 'refuses', 'is away'),
      isSaved: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('pass' as const), hours: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 1, arbitrary: fc.constant({ does: 'replay' as const }) },
)

const valuesIn = async <T extends 'signals' | 'deliveries'>(
  { cluster, codec }: MemoryPipeline,
  topic: string,
  name: T,
): Promise<(T extends 'signals' ? Signal : Delivery)[]> => {
  // Each partition has its order, and a signal is in one.
  const records = cluster.records(topic)
  await codec.prepare(records)
  return records.map((record) => codec.decode(name, record) as never)
}

/** All that came, decided again by newer lists; publishes the signals that live traffic has not made. */
const replay = async (live: MemoryPipeline) => {
  const again = await openMemoryPipeline({ lists: [flagged(2, 'pago', 'envio')], ruleSets })
  const came = live.cluster.records(topics.channelEvents.name).sort((a, b) => a.timestamp - b.timestamp)
  await again.producer.send(came)
  await again.run()
  const known = new Set((await valuesIn(live, topics.signals.name, 'signals')).map(({ signalId }) => signalId))
  const made = await valuesIn(again, topics.signals.name, 'signals')
  for (const signal of made.filter(({ signalId }) => !known.has(signalId)))
    await live.producer.send([
      {
        topic: replayTopic,
        key: signal.connectionId,
        value: live.codec.encode('signals', signal),
        headers: { replay: 'r1' },
      },
    ])
}

const play = async (steps: readonly Step[]) => {
  const pipeline = await openMemoryPipeline({ lists: [flagged(1, 'pago')], ruleSets })
  const dispatching = openMemoryDispatch(pipeline)
  for (const step of steps) {
    if (step.does === 'event') {
      const { chat, id, fields } = step
      await pipeline.event({ conversationId: `106540352242922:${chat}`, messageId: `m${id}`, ...fields })
    } else if (step.does === 'redrive') {
      const records = pipeline.cluster.records(step.topic)
      const record = records[step.at % Math.max(1, records.length)]
      if (record) await pipeline.producer.send([{ ...record, headers: { ...record.headers, redrives: '1' } }])
      await pipeline.run()
    } else if (step.does === 'dispatch') await dispatching.run(step.answer, step.isSaved)
    else if (step.does === 'pass') await pipeline.advance(step.hours * 3_600_000)
    else await replay(pipeline)
  }
  return pipeline
}

const sum = (rows: readonly ReportRow[], of: (row: ReportRow) => number) => rows.reduce((all, row) => all + of(row), 0)
const totals = (rows: readonly ReportRow[], of: (row: ReportRow) => Readonly<Record<string, number>>) => {
  const all: Record<string, number> = {}
  for (const row of rows) for (const [name, count] of Object.entries(of(row))) all[name] = (all[name] ?? 0) + count
  return all
}
const countOf = (names: readonly string[]) => {
  const all: Record<string, number> = {}
  for (const name of names) all[name] = (all[name] ?? 0) + 1
  return all
}

describe('the report of some days', () => {
  it('reads no older records, and leaves out signals of other days', async () => {
    const pipeline = await openMemoryPipeline({ lists: [flagged(1, 'pago')], ruleSets })
    const dispatching = openMemoryDispatch(pipeline)
    const dayMs = 86_400_000
    for (let day = 0; day < 6; day++) {
      await pipeline.event({ conversationId: `106540352242922:${day}`, messageId: `m${day}` })
      await dispatching.run('accepts')
      await pipeline.advance(dayMs)
    }
    const asked: number[] = []
    const { broker } = pipeline
    const reader = {
      read: broker.read.bind(broker),
      offsetsAt: (topic: string, time: number) => {
        asked.push(time)
        return broker.offsetsAt(topic, time)
      },
    }
    const days = { from: noon + 3 * dayMs, to: noon + 5 * dayMs }
    const rows = await readReport(() => true, days, { ...pipeline, broker: reader })
    expect(rows.map(({ accepted }) => accepted)).toEqual([1, 1])
    expect(Math.min(...asked)).toBe(noon + 2 * dayMs)
  })
})

describe('the report of a random history', () => {
  it('adds up to deliveries.v1, signal by signal, and what has no delivery waits', async () => {
    let settledInAll = 0
    let waitingInAll = 0
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 15, maxLength: 40, size: 'max' }), async (steps) => {
        const pipeline = await play(steps)
        const rows = await readReport(() => true, { from: noon, to: pipeline.now() + 1 }, pipeline)
        const last = new Map(
          (await valuesIn(pipeline, topics.deliveries.name, 'deliveries')).map((one) => [one.signalId, one]),
        )
        const raised = [
          ...(await valuesIn(pipeline, topics.signals.name, 'signals')),
          ...(await valuesIn(pipeline, replayTopic, 'signals')),
        ]
        const all = new Map(raised.map((one) => [one.signalId, one]))
        const settled = [...last.values()]
        const outcomes = (wanted: string) => settled.filter(({ outcome }) => outcome === wanted).length
        expect(sum(rows, ({ accepted }) => accepted)).toBe(outcomes('accepted'))
        expect(sum(rows, ({ duplicate }) => duplicate)).toBe(outcomes('duplicate'))
        expect(totals(rows, ({ rejectedByCode }) => rejectedByCode)).toEqual(
          countOf(settled.flatMap(({ outcome, code }) => (outcome === 'rejected' ? [String(code)] : []))),
        )
        expect(sum(rows, ({ counted }) => counted)).toBe(outcomes('counted'))
        expect(sum(rows, (row) => row.sent + row.counted + row.expired + row.withheld)).toBe(last.size)
        expect(sum(rows, ({ waiting }) => waiting)).toBe([...all.keys()].filter((id) => !last.has(id)).length)
        // A copy in other words has the id of the first, which TikTok has had: what was delivered counts.
        const made = settled
        expect(totals(rows, ({ keywordsByFlag }) => keywordsByFlag)).toEqual(
          countOf(made.flatMap(({ flags, kind }) => (kind === 'keyword' ? flags : []))),
        )
        expect(totals(rows, ({ conversationsByOrigin }) => conversationsByOrigin)).toEqual(
          countOf(made.flatMap(({ kind, origin }) => (kind === 'conversation' ? [origin ?? 'other'] : []))),
        )
        expect(
          totals(rows, (row) =>
            Object.fromEntries(Object.entries(row.outcomes).map(([event, { count }]) => [event, count])),
          ),
        ).toEqual(countOf(made.flatMap(({ event }) => event ?? [])))
        for (const currency of ['MXN', 'IDR']) {
          const tenths = made.flatMap((one) => (one.currency === currency ? [Math.round(Number(one.value) * 10)] : []))
          const reported = sum(rows, (row) => Math.round(Number(row.outcomes.Lead?.values[currency] ?? 0) * 10))
          expect(reported).toBe(tenths.reduce((before, one) => before + one, 0))
        }
        settledInAll += last.size
        waitingInAll += all.size - last.size
      }),
      { numRuns: 20 },
    )
    // Histories in which nothing happens would prove nothing.
    expect(Math.min(settledInAll, waitingInAll)).toBeGreaterThan(5)
  }, 120_000)
})
