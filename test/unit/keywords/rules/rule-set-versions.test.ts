import { RuleSets } from '../../../../services/keywords/rules/active-rule-sets.ts'
import { diffRules } from '../../../../services/keywords/rules/diff-rules.ts'
import { readRuleSets, writeRuleSet } from '../../../../services/keywords/rules/store.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { topics } from '../../../../services/topology.ts'
import { connectionRecord } from '../../../support/builders.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'
import { condition, rule, ruleSet } from '../../../support/rules.ts'

const set = (ruleSetId: string, version: number, shadow = false) => ruleSet({ ruleSetId, version, shadow })

describe('the rule set of a connection', () => {
  const sets = new RuleSets([
    set('default', 1),
    set('mx', 1),
    set('mx', 2),
    set('mx', 3, true),
    set('own', 1),
    set('next', 1, true),
  ])
  const versionsFor = (choice: { ruleSetId?: string; market?: string }) => {
    const { active, shadow } = sets.of(connectionRecord(choice))
    return [active, shadow].map((one) => (one ? `${one.ruleSetId}@${one.version}` : null))
  }

  it.each<[string, { ruleSetId?: string; market?: string }, (string | null)[]]>([
    ['is its own', { ruleSetId: 'own', market: 'mx' }, ['own@1', null]],
    ["is else its market's, with the shadow version", { market: 'mx' }, ['mx@2', 'mx@3']],
    ['is else default', { market: 'br' }, ['default@1', null]],
    ['is none where it names one that does not exist', { ruleSetId: 'gone' }, [null, null]],
    [
      'is default while its market has a shadow version alone, which is counted',
      { market: 'next' },
      ['default@1', 'next@1'],
    ],
  ])('%s', (_name, choice, versions) => {
    expect(versionsFor(choice)).toEqual(versions)
  })

  it('is reported as missing only where the connection names it', () => {
    expect(sets.missingOf({ ruleSetId: 'gone', market: null })).toEqual(['gone'])
    expect(sets.missingOf({ ruleSetId: null, market: 'br' })).toEqual([])
  })
})

describe('the topic of rule sets', () => {
  it('keeps every version', async () => {
    const broker = new MemoryCluster().open()
    await broker.createTopics([{ name: topics.ruleSets.name, partitions: 1, config: {} }])
    const codec = await Codec.open(new MemoryRegistry())
    const first = ruleSet({
      rules: [
        rule({
          unless: condition({ outcome: ['refund'] }),
          count: 'once_in_hours',
          hours: 24,
          value: true,
          report: 'off',
        }),
      ],
    })
    const second = ruleSet({
      version: 2,
      copyOf: 1,
      shadow: true,
      rules: [rule({ when: condition({ kind: 'order' }) })],
    })
    await writeRuleSet(broker, codec, first)
    await writeRuleSet(broker, codec, second)
    expect(JSON.parse(JSON.stringify(await readRuleSets(broker, codec)))).toEqual([first, second])
  })
})

describe('the difference between two versions of a rule set', () => {
  const a = rule({ event: 'A', when: condition({ outcome: ['Won', 'sold'] }) })
  const b = rule({ event: 'B' })
  const c = rule({ event: 'C' })

  it('pairs rules by event and condition, as names are compared', () => {
    const sameAsA = rule({ event: 'A', when: condition({ outcome: ['SOLD', ' won'] }) })
    const changed = { ...b, count: 'once_per_touch' } as const
    expect(diffRules([a, b], [sameAsA, changed, c])).toEqual({
      added: [c],
      removed: [],
      changed: [{ before: b, after: changed }],
      same: 1,
      reordered: false,
    })
  })

  it('says whether the order changed, which decides who fires first', () => {
    expect(diffRules([a, b, c], [b, a, c])).toMatchObject({ same: 3, reordered: true })
    expect(diffRules([a, b, c], [a, c])).toMatchObject({ same: 2, removed: [b], reordered: false })
  })
})
