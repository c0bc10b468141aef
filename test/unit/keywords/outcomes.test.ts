import { KeywordLists } from '../../../services/keywords/lists/active-lists.ts'
import type { RuleUse } from '../../../services/keywords/rule-signals.ts'
import { ruleStateFormat } from '../../../services/keywords/rule-state/pack.ts'
import { keywords } from '../../../services/keywords/stage.ts'
import type { Outcome } from '../../../services/runtime/batch/outcome.ts'
import { sealContent, sealOutcome } from '../../../services/runtime/keys/sealed-content.ts'
import { Codec } from '../../../services/runtime/topics/codec.ts'
import { ConnectionDirectory } from '../../../services/shared/connections/directory.ts'
import type { ConnectionRecord } from '../../../services/shared/model/connection-record.ts'
import type { ReportedOutcome } from '../../../services/shared/model/outcomes/reported-outcome.ts'
import type { SignalRule } from '../../../services/shared/model/rules/rule-set.ts'
import type { AttributedMessage, Message, Signal } from '../../../services/shared/model/topic-values.ts'
import {
  attributedMessage,
  connectionRecord,
  consumedRecord,
  keywordEntry,
  keywordList,
  message,
  noon,
  testKeyring,
} from '../../support/builders.ts'
import { MemoryRegistry } from '../../support/memory-registry.ts'
import { MemoryStateStore } from '../../support/memory-state-store.ts'
import { condition, rule } from '../../support/rules.ts'

const hourMs = 3_600_000

const setOf = (rules: readonly SignalRule[]) => ({
  ruleSetId: 'default',
  version: 1,
  createdAt: noon,
  rules,
  shadow: false,
  copyOf: null,
  author: 'test',
})

interface EventFields extends Omit<Partial<AttributedMessage>, 'message'> {
  readonly fields?: Partial<Message>
  readonly outcome?: Partial<ReportedOutcome>
  readonly text?: string
}

const world = async (
  rules: readonly SignalRule[],
  connection: Partial<ConnectionRecord> = {},
  shadow: readonly SignalRule[] = [],
) => {
  const keyring = await testKeyring()
  const codec = await Codec.open(new MemoryRegistry())
  const dataKey = keyring.newDataKey('acme-wa')
  const directory = new ConnectionDirectory()
  directory.apply('acme-wa', connectionRecord({ dataKey, ...connection }))
  const lists = new KeywordLists()
  lists.stage(keywordList({ entries: [keywordEntry('pago', { flag: 'payment' })] }))
  await lists.compilePending()
  const states = new MemoryStateStore(ruleStateFormat)
  const uses: RuleUse[] = []
  const stage = keywords({
    ...{ directory, lists, codec, keyring },
    count: () => {},
    countRules: (more) => uses.push(...more),
    rules: {
      of: () => ({ active: setOf(rules), shadow: shadow.length === 0 ? undefined : setOf(shadow) }),
      states,
    },
  })
  const key = keyring.connectionKey('acme-wa', dataKey)
  let n = 0
  const event = ({ fields = {}, outcome, text, ...attributed }: EventFields): AttributedMessage => {
    const id = fields.message ?? (++n).toString(16).padStart(32, '0')
    const full = { name: null, value: null, currency: null, reference: null, ...outcome }
    const outcomeFields = { kind: 'outcome', direction: 'outbound', sender: 'agent' } as const
    return attributedMessage({
      ...attributed,
      message: message({
        message: id,
        ...(outcome?.name === undefined ? {} : outcomeFields),
        outcome: outcome === undefined ? null : sealOutcome(full, key, id),
        ...(text === undefined
          ? {}
          : { content: sealContent({ text, links: [], referral: null }, key, id), hasText: true, textOrigin: 'typed' }),
        ...fields,
      }),
    })
  }
  const inputsOf = (events: readonly AttributedMessage[]) =>
    events.map((value) => ({ value, record: consumedRecord(), attempt: 1 }))
  const decide = async (...events: AttributedMessage[]) => {
    const batch = inputsOf(events)
    return stage.decide(batch, { state: await stage.load(batch, noon), now: noon })
  }
  const run = async (...events: AttributedMessage[]) => {
    const { outcomes, changes } = await decide(...events)
    await stage.save(changes)
    return outcomes.flat() as Outcome[]
  }
  const signalsOf = (outcomes: readonly Outcome[]) =>
    outcomes.flatMap((one) =>
      one.kind === 'forwarded'
        ? one.records.flatMap(({ topic, value }) => (topic === 'signals' ? [value as Signal] : []))
        : [],
    )
  const raised = async (...events: AttributedMessage[]) => signalsOf(await run(...events))
  return { event, run, raised, decide, signalsOf, states, uses, stage }
}

const qualified = rule({ event: 'QualifiedLead', when: condition({ outcome: ['Qualified'] }) })
const purchase = rule({ event: 'Purchase', when: condition({ kind: 'order' }), value: true })

describe('an outcome', () => {
  it('becomes the event of its rule, with tracking ID, time and origin, and without its name', async () => {
    const { event, raised } = await world([qualified])
    const [signal] = await raised(
      event({
        outcome: { name: '  qualified ', reference: 'CRM-7' },
        fields: { occurredAt: noon },
        trackingId: 'click-1',
        origin: 'tiktok_ad',
      }),
    )
    expect(signal).toMatchObject({
      ...{ kind: 'outcome', event: 'QualifiedLead', trackingId: 'click-1', occurredAt: noon, origin: 'tiktok_ad' },
      ...{ value: null, currency: null, flags: [], countOnly: false, connectionId: 'acme-wa' },
    })
    expect(JSON.stringify(signal)).not.toMatch(/qualified |CRM-7/)
  })

  it('hands on value and currency where the rule says so', async () => {
    const { event, raised } = await world([
      { ...qualified, value: true },
      { ...qualified, event: 'Other' },
    ])
    const amount = { name: 'qualified', value: '12.50', currency: 'IDR' }
    expect(await raised(event({ outcome: amount }))).toMatchObject([
      { event: 'QualifiedLead', value: '12.50', currency: 'IDR' },
      { event: 'Other', value: null, currency: null },
    ])
  })

  it('that no rule asks for raises nothing', async () => {
    const { event, run } = await world([qualified])
    expect((await run(event({ outcome: { name: 'cold' } }))).at(-1)).toEqual({ kind: 'dropped', reason: 'no_signal' })
  })

  it('is kept as hashes: neither its name nor a flag is in the state', async () => {
    const { event, run, states } = await world([{ ...qualified, count: 'once_per_conversation' }])
    await run(event({ outcome: { name: 'qualified' }, startedBy: 'aa' }))
    const kept = Buffer.concat([...states.values.values()]).toString('latin1')
    expect(kept.length).toBeGreaterThan(16)
    expect(kept.toLowerCase()).not.toContain('qualified')
  })

  it('whose seal is broken becomes a dead letter', async () => {
    const { event, run } = await world([qualified])
    const broken = event({ outcome: { name: 'qualified' }, fields: { outcome: Buffer.alloc(60) } })
    expect(await run(broken)).toMatchObject([{ kind: 'deadLettered', failure: { code: 'seal_broken' } }])
  })

  it('of report count_only is marked, and off raises nothing', async () => {
    const { event, raised, uses } = await world([
      { ...qualified, event: 'A', report: 'count_only' },
      { ...qualified, event: 'B', report: 'off' },
    ])
    expect(await raised(event({ outcome: { name: 'qualified' } }))).toMatchObject([{ event: 'A', countOnly: true }])
    expect(uses.map(({ result }) => result)).toEqual(['count_only', 'off'])
  })

  it('fires in a shadow set for the count alone', async () => {
    const { event, raised, uses } = await world([], {}, [qualified])
    expect(await raised(event({ outcome: { name: 'qualified' } }))).toEqual([])
    expect(uses).toMatchObject([{ mode: 'shadow', result: 'send', ruleSetId: expect.any(String) }])
  })
})

describe('how often an event counts', () => {
  const label = { outcome: { name: 'qualified' } }
  const counts = async (one: Partial<SignalRule>, ...events: EventFields[]) => {
    const { event, raised } = await world([{ ...qualified, ...one }])
    const ids: (string | undefined)[] = []
    // One batch each, so that the state has been stored and read again.
    for (const fields of events) ids.push(...(await raised(event({ ...label, ...fields }))).map((s) => s.signalId))
    return [ids.length, new Set(ids).size]
  }

  it('always: once a message event', async () => expect(await counts({}, {}, {}, {})).toEqual([3, 3]))

  it('once a conversation, and again after a restart', async () =>
    expect(
      await counts({ count: 'once_per_conversation' }, { startedBy: 'a' }, { startedBy: 'a' }, { startedBy: 'b' }),
    ).toEqual([2, 2]))

  it('once a touch', async () => {
    const first = { touchedAt: noon, touchId: 'x' }
    expect(await counts({ count: 'once_per_touch' }, first, first, { touchedAt: noon + 1, touchId: 'x' }, {})).toEqual([
      3, 3,
    ])
  })

  it('once in so many hours of event time, in any order', async () => {
    const at = (hours: number) => ({ fields: { occurredAt: Math.floor(noon / hourMs) * hourMs + hours * hourMs } })
    expect(await counts({ count: 'once_in_hours', hours: 1 }, at(2), at(2), at(1), at(2))).toEqual([2, 2])
  })

  it('counts once within a batch, and in other conversations again', async () => {
    const { event, raised } = await world([{ ...qualified, count: 'once_per_conversation' }])
    const other = { ...label, fields: { conversation: 'e0'.repeat(16) } }
    expect(await raised(event(label), event(label), event(other))).toHaveLength(2)
  })

  it('makes the same id again where a batch was published and not saved', async () => {
    const { event, decide, signalsOf, stage } = await world([{ ...qualified, count: 'once_per_conversation' }])
    const same = event(label)
    const idsOf = ({ outcomes }: Awaited<ReturnType<typeof decide>>) =>
      signalsOf(outcomes.flat() as Outcome[]).map(({ signalId }) => signalId)
    const first = await decide(same)
    expect(idsOf(await decide(same))).toEqual(idsOf(first))
    await stage.save(first.changes)
    expect(idsOf(await decide(same))).toEqual([])
  })
})

describe('unless', () => {
  const rules = [
    rule({ event: 'Purchase', when: condition({ flags: ['payment'] }), unless: condition({ outcome: ['refund'] }) }),
  ]
  const pays = (at: number) => ({ text: 'hice el pago', fields: { occurredAt: at } })
  const refund = (at: number) => ({ outcome: { name: 'Refund' }, fields: { occurredAt: at } })

  it('keeps back what comes at or after the fact, and nothing before it', async () => {
    const { event, raised } = await world(rules)
    const events = async (one: EventFields) => (await raised(event(one))).map(({ kind }) => kind)
    expect(await events(pays(noon))).toEqual(['keyword', 'outcome'])
    expect(await events(refund(noon + 10))).toEqual([])
    expect(await events(pays(noon + 10))).toEqual(['keyword'])
    expect(await events(pays(noon + 9))).toEqual(['keyword', 'outcome'])
  })
})

describe('an order', () => {
  const order = (fields: EventFields = {}): EventFields => ({
    outcome: { value: '149000', currency: 'IDR' },
    ...fields,
    fields: { kind: 'order', ...fields.fields },
  })

  it('becomes the event of its rule with the total, in place of the order signal', async () => {
    const { event, raised } = await world([purchase], { reportOrders: true })
    expect(await raised(event(order()))).toMatchObject([
      { kind: 'outcome', event: 'Purchase', value: '149000', currency: 'IDR' },
    ])
  })

  it('keeps the order signal beside a rule that only counts, or that asks for something else', async () => {
    const kinds = async (rules: readonly SignalRule[]) => {
      const { event, raised } = await world(rules, { reportOrders: true })
      return (await raised(event(order()))).map(({ kind, countOnly }) => `${kind}${countOnly ? ' counted' : ''}`)
    }
    expect(await kinds([{ ...purchase, report: 'count_only' }])).toEqual(['order', 'outcome counted'])
    expect(await kinds([qualified])).toEqual(['order'])
  })
})

it('counts inbound messages by the number that attribution gave', async () => {
  const { event, raised } = await world([rule({ event: 'Engaged', when: condition({ inboundMessages: 3 }) })])
  const events = await raised(...[1, 2, 3, 4].map((inboundMessages) => event({ inboundMessages })))
  expect(events.map(({ event: name }) => name)).toEqual(['Engaged'])
})

it('reads no state of connections without rules', async () => {
  const keyring = await testKeyring()
  const codec = await Codec.open(new MemoryRegistry())
  const directory = new ConnectionDirectory()
  directory.apply('acme-wa', connectionRecord())
  const states = { read: () => Promise.reject(new Error('read')), write: async () => {} }
  const rules = { of: () => ({ active: undefined, shadow: undefined }), states }
  const stage = keywords({ directory, lists: new KeywordLists(), codec, keyring, count: () => {}, rules })
  const input = { value: attributedMessage(), record: consumedRecord(), attempt: 1 }
  expect((await stage.load([input], noon)).sets.size).toBe(0)
})
