import * as fc from 'fast-check'
import { ConversationMemory } from '../../../../services/keywords/rules/conversation-memory.ts'
import { evaluateRules } from '../../../../services/keywords/rules/evaluate-rules.ts'
import { factsFor, factsOf, type RuleFacts } from '../../../../services/keywords/rules/facts.ts'
import type { SignalRule } from '../../../../services/shared/model/rules/rule-set.ts'
import { condition, rule, ruleFacts } from '../../../support/rules.ts'

const hourMs = 3_600_000
const none = { hasFired: () => false, knownSince: () => undefined }

describe('a rule', () => {
  it.each<[string, Partial<RuleFacts>, Partial<SignalRule['when']>, boolean]>([
    ['an outcome by its name', { kind: 'outcome', outcome: 'Qualified' }, { outcome: ['qualified'] }, true],
    ['an outcome by one of several names', { kind: 'outcome', outcome: 'b' }, { outcome: ['a', 'b'] }, true],
    [
      'an outcome with capitals, wide letters and spaces',
      { kind: 'outcome', outcome: ' ＨＯＴ \t Lead ' },
      { outcome: ['hot lead'] },
      true,
    ],
    ['an outcome whose ß is written as SS', { kind: 'outcome', outcome: 'GROSSE' }, { outcome: ['große'] }, true],
    ['no outcome of another name', { kind: 'outcome', outcome: 'qualified!' }, { outcome: ['qualified'] }, false],
    ['no outcome with another accent', { kind: 'outcome', outcome: 'calificó' }, { outcome: ['califico'] }, false],
    ['a flag', { flags: ['payment', 'refund'] }, { flags: ['x', 'refund'] }, true],
    ['no other flag', { flags: ['payment'] }, { flags: ['pay'] }, false],
    ['an order', { kind: 'order' }, { kind: 'order' }, true],
    ['an order by its own kind only', { kind: 'outcome', outcome: 'order' }, { kind: 'order' }, false],
    ['the third inbound message', { inboundMessages: 3 }, { inboundMessages: 3 }, true],
    ['no other inbound message', { inboundMessages: 4 }, { inboundMessages: 3 }, false],
    ['no message that does not count', { inboundMessages: null }, { inboundMessages: 1 }, false],
    ['nothing by a condition of a later version', { kind: 'order', flags: ['a'], inboundMessages: 1 }, {}, false],
  ])('fires for %s', (_name, facts, when, fires) => {
    const { fired } = evaluateRules({ rules: [rule({ when: condition(when) })] }, ruleFacts(facts), none)
    expect(fired).toHaveLength(fires ? 1 : 0)
  })

  it('hands on a value only where it says so', () => {
    const facts = ruleFacts({ kind: 'order', value: '12.50', currency: 'MXN' })
    const rules = [
      rule({ event: 'A', when: condition({ kind: 'order' }), value: true }),
      rule({ event: 'B', when: condition({ kind: 'order' }) }),
    ]
    expect(evaluateRules({ rules }, facts, none).fired).toMatchObject([
      { event: 'A', value: '12.50', currency: 'MXN' },
      { event: 'B', value: null, currency: null },
    ])
  })

  it('names the reason for which it is kept back', () => {
    const when = condition({ flags: ['paid'] })
    const rules = [
      rule({ event: 'A', when, report: 'off' }),
      rule({ event: 'B', when, unless: condition({ outcome: ['refund'] }) }),
      rule({ event: 'C', when }),
      rule({ event: 'C', when, report: 'count_only' }),
      rule({ event: 'D', when: condition({ kind: 'order' }) }),
    ]
    const memory = { ...none, knownSince: (fact: string) => (fact === 'outcome:refund' ? 1_000 : undefined) }
    const { fired, keptBack } = evaluateRules({ rules }, ruleFacts({ flags: ['paid'], occurredAt: 1_000 }), memory)
    expect(fired.map(({ rule: at }) => at)).toEqual([2])
    expect(keptBack).toEqual([
      { rule: 0, event: 'A', reason: 'off' },
      { rule: 1, event: 'B', reason: 'unless' },
      { rule: 3, event: 'C', reason: 'count' },
    ])
  })

  it.each([
    ['at its own time', 1_000, true],
    ['before it', 999, true],
    ['after it', 1_001, false],
  ])('is kept back by a fact %s', (_name, since, isKeptBack) => {
    const rules = [rule({ when: condition({ flags: ['paid'] }), unless: condition({ flags: ['test'] }) })]
    const memory = { ...none, knownSince: () => since }
    const { fired } = evaluateRules({ rules }, ruleFacts({ flags: ['paid'], occurredAt: 1_000 }), memory)
    expect(fired).toHaveLength(isKeptBack ? 0 : 1)
  })

  it('is kept back by a fact of the same message event', () => {
    const rules = [rule({ when: condition({ flags: ['paid'] }), unless: condition({ flags: ['test'] }) })]
    expect(evaluateRules({ rules }, ruleFacts({ flags: ['paid', 'test'] }), none).fired).toEqual([])
  })

  it('remembers outcomes, flags and orders, and only those places of messages that an unless asks for', () => {
    const rules = [rule({ when: condition({ kind: 'order' }), unless: condition({ inboundMessages: 2 }) })]
    const kept = (facts: Partial<RuleFacts>) => evaluateRules({ rules }, ruleFacts(facts), none).facts
    expect(kept({ flags: ['a'], inboundMessages: 1 })).toEqual(['flag:a'])
    expect(kept({ inboundMessages: 2 })).toEqual(['inbound:2'])
    expect(kept({ kind: 'outcome', outcome: 'Hot  Lead' })).toEqual(['outcome:hot lead'])
  })
})

describe('windows', () => {
  const windowOf = (count: Partial<SignalRule>, facts: Partial<RuleFacts>) =>
    evaluateRules({ rules: [rule(count)] }, ruleFacts({ ...facts, flags: ['paid'] }), none).fired[0]?.window

  it.each<[string, Partial<SignalRule>, Partial<RuleFacts>, Partial<RuleFacts>, boolean]>([
    ['always: another message', { count: 'always' }, { message: 'a' }, { message: 'b' }, false],
    ['always: another revision', { count: 'always' }, { revision: null }, { revision: 'r' }, false],
    ['always: another kind', { count: 'always' }, { kind: 'message' }, { kind: 'edit' }, false],
    ['always: the same message later', { count: 'always' }, { occurredAt: 1 }, { occurredAt: 2 }, true],
    [
      'once_per_conversation: another message',
      { count: 'once_per_conversation' },
      { message: 'a' },
      { message: 'b' },
      true,
    ],
    [
      'once_per_conversation: a restart',
      { count: 'once_per_conversation' },
      { startedBy: 'a' },
      { startedBy: 'b' },
      false,
    ],
    ['once_per_touch: no touch', { count: 'once_per_touch' }, { message: 'a' }, { message: 'b' }, true],
    ['once_per_touch: a touch at last', { count: 'once_per_touch' }, {}, { touch: { occurredAt: 1, id: 't' } }, false],
    [
      'once_per_touch: the same id again',
      { count: 'once_per_touch' },
      { touch: { occurredAt: 1, id: 't' } },
      { touch: { occurredAt: 2, id: 't' } },
      false,
    ],
    [
      'onceInHours: within a window',
      { count: 'once_in_hours', hours: 2 },
      { occurredAt: 2 * hourMs },
      { occurredAt: 4 * hourMs - 1 },
      true,
    ],
    [
      'onceInHours: across its end',
      { count: 'once_in_hours', hours: 2 },
      { occurredAt: 4 * hourMs - 1 },
      { occurredAt: 4 * hourMs },
      false,
    ],
  ])('%s', (_name, count, one, other, isSame) => {
    expect(windowOf(count, one)).toBeDefined()
    expect(windowOf(count, one) === windowOf(count, other)).toBe(isSame)
  })

  it('of different policies are never the same', () => {
    const facts = { message: 'none', startedBy: 'none', touch: { occurredAt: 0, id: 'none' }, occurredAt: 0 }
    const all = [
      windowOf({ count: 'always' }, facts),
      windowOf({ count: 'once_per_conversation' }, facts),
      windowOf({ count: 'once_per_touch' }, facts),
      windowOf({ count: 'once_in_hours', hours: 1 }, facts),
      windowOf({ count: 'once_in_hours', hours: 2 }, facts),
    ]
    expect(new Set(all).size).toBe(all.length)
  })
})

/** A small world, so that windows, names and flags meet often. */
const anyCondition = fc.oneof(
  fc.subarray(['hot', 'won', 'lost'], { minLength: 1 }).map((outcome) => condition({ outcome })),
  fc.subarray(['paid', 'price'], { minLength: 1 }).map((flags) => condition({ flags })),
  fc.constant(condition({ kind: 'order' })),
  fc.integer({ min: 1, max: 3 }).map((inboundMessages) => condition({ inboundMessages })),
)
const anyRule: fc.Arbitrary<SignalRule> = fc
  .record({
    event: fc.constantFrom('A', 'B'),
    when: anyCondition,
    unless: fc.option(anyCondition),
    count: fc.constantFrom('always', 'once_per_conversation', 'once_per_touch', 'once_in_hours'),
    value: fc.boolean(),
    report: fc.constantFrom('send', 'count_only', 'off'),
  })
  .map((one) => ({ ...one, hours: one.count === 'once_in_hours' ? 2 : null }) as SignalRule)
const anyFacts: fc.Arbitrary<RuleFacts> = fc
  .record({
    kind: fc.constantFrom('message', 'edit', 'order', 'outcome'),
    message: fc.constantFrom('m1', 'm2', 'm3', 'm4'),
    revision: fc.constantFrom(null, 'r'),
    occurredAt: fc.integer({ min: 0, max: 8 * hourMs }),
    outcome: fc.constantFrom('Hot', 'won', 'LOST', 'other'),
    value: fc.constantFrom(null, '5'),
    flags: fc.subarray(['paid', 'price']),
    inboundMessages: fc.constantFrom(null, 1, 2, 3),
    startedBy: fc.constantFrom(null, 'm1', 'm3'),
    touch: fc.constantFrom(null, { occurredAt: 5, id: 't' }, { occurredAt: 9, id: 't' }),
  })
  .map((one) => ({
    ...one,
    currency: one.value === null ? null : 'MXN',
    outcome: one.kind === 'outcome' ? one.outcome : null,
    flags: one.kind === 'message' || one.kind === 'edit' ? one.flags : [],
    inboundMessages: one.kind === 'message' ? one.inboundMessages : null,
  }))
const anyHistory = fc.array(anyFacts, { maxLength: 12 })
const anyRules = fc.array(anyRule, { minLength: 1, maxLength: 6 })

describe('over random histories', () => {
  const run = (rules: readonly SignalRule[], history: readonly RuleFacts[]) => {
    const memory = new ConversationMemory()
    return history.map((facts) => {
      const evaluated = evaluateRules({ rules }, facts, memory)
      memory.note(evaluated, facts.occurredAt)
      return { facts, evaluated }
    })
  }

  it('an event fires once in a window', () => {
    fc.assert(
      fc.property(anyRules, anyHistory, (rules, history) => {
        const ids = run(rules, history).flatMap(({ evaluated }) =>
          evaluated.fired.map(({ event, window }) => `${event} ${window}`),
        )
        expect(new Set(ids).size).toBe(ids.length)
      }),
    )
  })

  it('a rule fires, is kept back, or its condition does not hold', () => {
    fc.assert(
      fc.property(anyRules, anyHistory, (rules, history) => {
        for (const { facts, evaluated } of run(rules, history)) {
          const judged = [...evaluated.fired, ...evaluated.keptBack].map(({ rule: at }) => at).sort()
          const holding = rules.flatMap(({ when }, at) =>
            factsFor(when).some((fact) => factsOf(facts).includes(fact)) ? [at] : [],
          )
          expect(judged).toEqual(holding)
        }
      }),
    )
  })

  it('the same history a second time fires nothing more', () => {
    fc.assert(
      fc.property(anyRules, anyHistory, (rules, history) => {
        const twice = run(rules, [...history, ...history])
        expect(twice.slice(history.length).flatMap(({ evaluated }) => evaluated.fired)).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it('what comes later takes nothing back', () => {
    fc.assert(
      fc.property(anyRules, anyHistory, anyHistory, (rules, history, later) => {
        const firedIn = (all: readonly RuleFacts[]) =>
          run(rules, all)
            .slice(0, history.length)
            .map(({ evaluated }) => evaluated)
        expect(firedIn([...history, ...later])).toEqual(firedIn(history))
      }),
    )
  })

  it('nothing that fires was kept back by a fact known at or before its time', () => {
    fc.assert(
      fc.property(anyRules, anyHistory, (rules, history) => {
        const before: RuleFacts[] = []
        for (const { facts, evaluated } of run(rules, history)) {
          before.push(facts)
          const known = before.filter(({ occurredAt }) => occurredAt <= facts.occurredAt).flatMap(factsOf)
          for (const { rule: at } of evaluated.fired) {
            const { unless } = rules[at] as SignalRule
            expect(unless === null || !factsFor(unless).some((fact) => known.includes(fact))).toBe(true)
          }
        }
      }),
    )
  })
})
