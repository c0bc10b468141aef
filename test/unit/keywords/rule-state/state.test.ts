import fc from 'fast-check'
import { RuleMemories } from '../../../../services/keywords/rule-state/memories.ts'
import { packRuleState, unpackRuleState } from '../../../../services/keywords/rule-state/pack.ts'
import { ruleStateRecordOf, ruleStateTopic } from '../../../../services/keywords/rule-state/record.ts'
import {
  emptyRuleState,
  joinedRuleStates,
  maxFacts,
  maxFired,
  type RuleState,
  withFacts,
  withFired,
} from '../../../../services/keywords/rule-state/state.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { consumedRecord, noon } from '../../../support/builders.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

const hash = (n: number) => n.toString(16).padStart(16, '0')

const anyState: fc.Arbitrary<RuleState> = fc.record({
  fired: fc.uniqueArray(fc.nat(1_000).map(hash), { maxLength: 20 }),
  facts: fc.uniqueArray(fc.record({ fact: fc.nat(1_000).map(hash), since: fc.integer({ min: 0, max: noon }) }), {
    maxLength: 20,
    selector: ({ fact }) => fact,
  }),
  consent: fc.option(fc.integer({ min: 0, max: noon }), { nil: null }),
  version: fc.nat(60_000),
})

describe('what rules have fired', () => {
  it('survives its packed form and its record', async () => {
    const codec = await Codec.open(new MemoryRegistry())
    const conversation = 'c0'.repeat(16)
    fc.assert(
      fc.property(anyState, (state) => {
        expect(unpackRuleState(packRuleState(state))).toEqual(state)
        const value = codec.encode('ruleState', ruleStateRecordOf(conversation, state, 'acme-wa'))
        const read = ruleStateTopic.stateOf(consumedRecord({ value }), codec)
        expect(JSON.parse(JSON.stringify(read))).toEqual({ conversation, state })
      }),
    )
  })

  it.each([Buffer.alloc(0), Buffer.alloc(11), Buffer.alloc(40, 0xff), packRuleState(emptyRuleState).subarray(0, 9)])(
    'is absent where the bytes are of another format',
    (bytes) => expect(unpackRuleState(bytes)).toBeNull(),
  )

  it('is the same after the same message event again', () => {
    const once = withFacts(withFired(emptyRuleState, [hash(1)]), [hash(2)], noon)
    expect(withFacts(withFired(once, [hash(1)]), [hash(2)], noon)).toBe(once)
  })

  it('keeps the earliest time of a fact', () => {
    const late = withFacts(emptyRuleState, [hash(1)], noon)
    expect(withFacts(late, [hash(1)], noon + 1)).toBe(late)
    expect(withFacts(late, [hash(1)], noon - 1).facts).toEqual([{ fact: hash(1), since: noon - 1 }])
  })

  it('is bounded', () => {
    const many = Array.from({ length: 300 }, (_, n) => hash(n))
    const state = withFacts(withFired(emptyRuleState, many), many, noon)
    expect([state.fired.length, state.fired.at(-1), state.facts.length]).toEqual([maxFired, hash(299), maxFacts])
  })

  it('of two ids is that of both', () => {
    const one = withFacts(withFired(emptyRuleState, [hash(1)]), [hash(9)], noon)
    const other = withFacts(withFired(emptyRuleState, [hash(2)]), [hash(9)], noon - 5)
    expect(joinedRuleStates(one, [other])).toMatchObject({
      fired: [hash(1), hash(2)],
      facts: [{ fact: hash(9), since: noon - 5 }],
    })
  })
})

describe('the conversations of a batch', () => {
  const ids = { conversation: 'c0'.repeat(16), aliases: ['d0'.repeat(16)] }
  const [own, alias] = [ids.conversation, ids.aliases[0] as string]

  it('are written under each id that a message names, one version further', () => {
    const memories = new RuleMemories(new Map([[alias, { ...emptyRuleState, fired: [hash(1)], version: 7 }]]))
    const before = memories.of(ids, null)
    expect(before.fired).toEqual([hash(1)])
    memories.set(ids, withFired(before, [hash(2)]), 4)
    expect(memories.changes()).toEqual([
      { conversation: own, by: 4, basedOn: 0, state: { ...emptyRuleState, fired: [hash(1), hash(2)], version: 1 } },
      { conversation: alias, by: 4, basedOn: 7, state: { ...emptyRuleState, fired: [hash(1), hash(2)], version: 8 } },
    ])
  })

  it('do not know what an earlier consent has fired, and replace it', () => {
    const memories = new RuleMemories(new Map([[own, { ...emptyRuleState, fired: [hash(1)], consent: 5, version: 7 }]]))
    const lone = { conversation: own, aliases: [] }
    expect(memories.of(lone, 9).fired).toEqual([])
    memories.set(lone, withFired(memories.of(lone, 9), [hash(2)]), 0)
    expect(memories.changes()).toMatchObject([{ basedOn: 7, state: { fired: [hash(2)], consent: 9, version: 8 } }])
  })

  it('that change nothing are not written', () => {
    const state = withFired(emptyRuleState, [hash(1)])
    const memories = new RuleMemories(new Map([[own, state]]))
    memories.set({ conversation: own, aliases: [] }, state, 0)
    expect(memories.changes()).toEqual([])
  })
})
