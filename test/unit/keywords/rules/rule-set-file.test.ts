import * as fc from 'fast-check'
import { ruleSetDocument } from '../../../../services/keywords/rules/rule-set-document.ts'
import { parseRuleSet, RuleSetInvalid } from '../../../../services/keywords/rules/rule-set-file.ts'
import { ruleWarnings } from '../../../../services/keywords/rules/rule-warnings.ts'
import { condition, rule, ruleSet } from '../../../support/rules.ts'

/** The example of docs/contracts.md, section 11. */
const ofTheContract = `{"ruleSetId": "default", "version": 3, "rules": [
  {"event": "QualifiedLead", "when": {"outcome": ["qualified", "calificado"]}, "count": "once_per_conversation"},
  {"event": "Purchase", "when": {"kind": "order"}, "value": true},
  {"event": "Purchase", "when": {"flags": ["payment"]}, "unless": {"outcome": ["refund"]}, "count": "once_per_touch", "report": "count_only"},
  {"event": "Engaged", "when": {"inboundMessages": 3}, "count": {"onceInHours": 24}}]}`

const parsedContract = {
  ruleSetId: 'default',
  shadow: false,
  rules: [
    rule({
      event: 'QualifiedLead',
      when: condition({ outcome: ['qualified', 'calificado'] }),
      count: 'once_per_conversation',
    }),
    rule({ event: 'Purchase', when: condition({ kind: 'order' }), value: true }),
    rule({
      event: 'Purchase',
      when: condition({ flags: ['payment'] }),
      unless: condition({ outcome: ['refund'] }),
      count: 'once_per_touch',
      report: 'count_only',
    }),
    rule({ event: 'Engaged', when: condition({ inboundMessages: 3 }), count: 'once_in_hours', hours: 24 }),
  ],
}

const problemOf = (text: string): string => {
  try {
    parseRuleSet(text)
  } catch (error) {
    if (error instanceof RuleSetInvalid) return error.message
    throw error
  }
  return 'none'
}

describe('a rule set in a file', () => {
  it('is JSON as in the contract', () => {
    expect(parseRuleSet(ofTheContract)).toEqual({ ...parsedContract, lines: [2, 3, 4, 5] })
  })

  it('is refused with every problem, also where one rule has another form and two others take each other’s place', () => {
    const text = [
      'rules:',
      '  - { event: A, when: { outcome: [x] } }',
      '  - { event: A, when: { outcome: [X] } }',
      '  - { event: Keyword, when: { flags: [f], kind: order } }',
      '  - { event: A, when: { outcome: [x, y] }, unless: { outcome: [z, x, y] } }',
    ].join('\n')
    expect(problemOf(text).split('\n')).toEqual([
      expect.stringMatching(/^line 3: rules\.1\.when is covered by rule 1,/),
      expect.stringMatching(/^line 4: rules\.2\.event is an event of the pipeline itself/),
      expect.stringMatching(/^line 4: rules\.2\.when has 2 conditions/),
      expect.stringMatching(/^line 5: rules\.3\.unless holds whenever when does/),
    ])
  })

  it('is JSON indented by tabs, with a byte-order mark', () => {
    expect(parseRuleSet(`\ufeff${JSON.stringify(JSON.parse(ofTheContract), null, '\t')}`)).toMatchObject(parsedContract)
  })

  it('is YAML', () => {
    const yaml = [
      '# leads of the Mexican shops',
      'ruleSetId: mx',
      'shadow: true',
      'rules:',
      '  - event: QualifiedLead',
      '    when: { outcome: [calificado] }',
      '    count: { onceInHours: 2 }',
    ].join('\n')
    expect(parseRuleSet(yaml)).toEqual({
      ruleSetId: 'mx',
      lines: [5],
      shadow: true,
      rules: [
        rule({
          event: 'QualifiedLead',
          when: condition({ outcome: ['calificado'] }),
          count: 'once_in_hours',
          hours: 2,
        }),
      ],
    })
  })

  it('is what show prints, so an older version can be edited and imported again', () => {
    const record = ruleSet({ rules: parsedContract.rules, version: 7, copyOf: 2 })
    expect(parseRuleSet(JSON.stringify({ ...ruleSetDocument(record), inForce: true }))).toMatchObject(parsedContract)
  })
})

const inFile = (...lines: string[]) => ['rules:', ...lines].join('\n')
const one = (when: string, ...rest: string[]) =>
  inFile('  - event: Lead', `    when: ${when}`, ...rest.map((line) => `    ${line}`))

describe('a rule set is refused, with line and remedy, for', () => {
  it.each<[string, string, RegExp]>([
    [
      'two conditions',
      one('{ outcome: [a], kind: order }'),
      /^line 3: rules\.0\.when has 2 conditions \(outcome, kind\), exactly one is taken; write a rule for each$/,
    ],
    [
      'two conditions of unless',
      one('{ outcome: [a] }', 'unless: { flags: [b], kind: order }'),
      /^line 4: rules\.0\.unless has 2 conditions/,
    ],
    ['no condition', one('{}'), /^line 3: rules\.0\.when has no condition; give one of outcome/],
    ['a missing condition', inFile('  - event: Lead'), /^line 2: rules\.0\.when is missing: it must be one of outcome/],
    ['a missing event', inFile('  - when: { kind: order }'), /^line 2: rules\.0\.event is missing/],
    [
      'an unknown field',
      one('{ kind: order }', 'counts: always'),
      /^line 4: rules\.0\.counts is no known field; there are event, when, unless, count, value, report$/,
    ],
    [
      'an unknown field of a condition',
      one('\n      label: [a]'),
      /^line 4: rules\.0\.when\.label is no known field; there are outcome, flags, kind, inboundMessages/,
    ],
    [
      'an unknown field of the set',
      `${one('{ kind: order }')}\nmarket: mx`,
      /^line 4: market is no known field; there are ruleSetId, rules, shadow$/,
    ],
    [
      'an event of the pipeline',
      inFile('  - event: Conversation', '    when: { kind: order }'),
      /^line 2: rules\.0\.event is an event of the pipeline itself .*choose another name$/,
    ],
    [
      'an event with a space',
      inFile('  - event: Qualified Lead', '    when: { kind: order }'),
      /^line 2: rules\.0\.event must be 1 to 50 letters/,
    ],
    ['another kind', one('{ kind: message }'), /^line 3: rules\.0\.when\.kind must be order/],
    [
      'a name that is no list',
      one('{ outcome: qualified }'),
      /^line 3: rules\.0\.when\.outcome must be a list of names/,
    ],
    ['a number for a name', one('{ outcome: [7] }'), /^line 3: rules\.0\.when\.outcome\.0 must be a text in quotes/],
    [
      'an unknown count',
      one('{ kind: order }', 'count: once'),
      /^line 4: rules\.0\.count must be always, once_per_conversation, once_per_touch or \{onceInHours: n\}$/,
    ],
    [
      'no hours',
      one('{ kind: order }', 'count: { onceInHours: 0 }'),
      /^line 4: rules\.0\.count\.onceInHours must be a whole number of hours from 1 to 720$/,
    ],
    [
      'half an hour',
      one('{ kind: order }', 'count: { onceInHours: 0.5 }'),
      /^line 4: rules\.0\.count\.onceInHours must be a whole number of hours/,
    ],
    [
      'more hours than are remembered',
      one('{ kind: order }', 'count: { onceInHours: 721 }'),
      /^line 4: .*use once_per_conversation$/,
    ],
    [
      'hours under another name',
      one('{ kind: order }', 'count: { hours: 2 }'),
      /line 4: rules\.0\.count\.hours is no known field; there are onceInHours/,
    ],
    [
      'an unknown report',
      one('{ kind: order }', 'report: count'),
      /^line 4: rules\.0\.report must be one of send, count_only, off$/,
    ],
    [
      'a value that is no truth value',
      one('{ kind: order }', 'value: 20'),
      /^line 4: rules\.0\.value must be true or false$/,
    ],
    ['no rules', 'rules: []', /^line 1: rules is empty; to switch a rule off, give it report: off$/],
    [
      '33 rules',
      inFile(...Array.from({ length: 33 }, (_, at) => `  - { event: E${at}, when: { kind: order } }`)),
      /^line 2: rules has more than 32 rules; put several names/,
    ],
    ['the id of no set', `ruleSetId: "a b"\n${one('{ kind: order }')}`, /^line 1: ruleSetId must be 1 to 64/],
    ['a list', '- a', /^line 1: must be an object with rules$/],
    ['neither JSON nor YAML', '{"rules": [', /^line \d: is neither JSON nor YAML/],
    ['a key that comes twice', one('{ kind: order }', 'event: Other'), /^line \d: is neither JSON nor YAML: .*unique/],
    ['a name of spaces', one('{ outcome: [" \t"] }'), /has nothing to compare, so it never holds/],
    [
      'a name that no outcome can have',
      one(`{ outcome: [${'a'.repeat(101)}] }`),
      /^line 3: rules\.0\.when\.outcome\.0 is longer than 100 characters/,
    ],
    [
      'a name without its letters',
      one('{ outcome: ["calific\ufffd"] }'),
      /has lost letters .* save the file from its original as UTF-8$/,
    ],
    ['no names', one('{ outcome: [] }'), /^line 3: rules\.0\.when\.outcome is empty, so it never holds/],
    [
      'a flag that no list can have',
      one('{ flags: [Payment] }'),
      /^line 3: rules\.0\.when\.flags\.0 must be the flag of a keyword list/,
    ],
    ['a flag that TikTok documents', one('{ flags: [value] }'), /^line 3: .*no keyword list can have as a flag/],
    ['no message', one('{ inboundMessages: 0 }'), /^line 3: .*must be at least 1/],
    [
      'a rule that what it asks for keeps back',
      one('{ outcome: [Won] }', 'unless: { outcome: [" WON ", lost] }'),
      /^line 4: rules\.0\.unless holds whenever when does, so the rule can never fire; name what happened besides$/,
    ],
    [
      'a message after one that keeps it back',
      one('{ inboundMessages: 3 }', 'unless: { inboundMessages: 2 }'),
      /^line 4: rules\.0\.unless holds whenever/,
    ],
    [
      'a rule behind one that takes its place',
      inFile(
        '  - { event: A, when: { outcome: [a, b] } }',
        '  - { event: A, when: { outcome: [B] }, unless: { kind: order } }',
      ),
      /^line 3: rules\.1\.when is covered by rule 1, which fires the same event first, so the rule can never fire; remove one/,
    ],
    [
      'several problems, each with its line',
      inFile('  - event: Order', '    when: { kind: x }', '  - event: A'),
      /^line 2: .*\nline 3: .*\nline 4: /,
    ],
  ])('%s', (_name, text, problem) => {
    expect(problemOf(text)).toMatch(problem)
  })

  it.each<[string, string]>([
    ['unless with a part of the names', one('{ outcome: [a, b] }', 'unless: { outcome: [a] }')],
    ['a later message', one('{ inboundMessages: 2 }', 'unless: { inboundMessages: 3 }')],
    [
      'the same condition for another event',
      inFile('  - { event: A, when: { kind: order } }', '  - { event: B, when: { kind: order } }'),
    ],
    [
      'the same event counted otherwise',
      inFile(
        '  - { event: A, when: { kind: order } }',
        '  - { event: A, when: { kind: order }, count: once_per_touch }',
      ),
    ],
    [
      'a rule behind one that is off',
      inFile('  - { event: A, when: { kind: order }, report: off }', '  - { event: A, when: { kind: order } }'),
    ],
    [
      'a rule behind one that is kept back by something else',
      inFile(
        '  - { event: A, when: { kind: order }, unless: { flags: [x] } }',
        '  - { event: A, when: { kind: order } }',
      ),
    ],
  ])('but not for %s', (_name, text) => {
    expect(problemOf(text)).toBe('none')
  })

  it('nothing else: whatever a file holds, it parses or names a problem', () => {
    const leaf = fc.oneof(
      fc.constantFrom(0, 2, 'a', 'order', 'always', null, true),
      fc.constant([]),
      fc.constant(['a', 7]),
    )
    const condition = fc.record(
      { outcome: leaf, flags: leaf, kind: leaf, inboundMessages: leaf, x: leaf },
      { requiredKeys: [] },
    )
    const any = fc.oneof(leaf, condition, fc.record({ onceInHours: leaf }))
    const anyRule = fc.record(
      { event: fc.constantFrom('A', 'Order', 7), when: any, unless: any, count: any, value: any, report: any },
      { requiredKeys: [] },
    )
    const value = fc.record(
      { ruleSetId: leaf, rules: fc.array(fc.oneof(anyRule, leaf), { maxLength: 3 }) },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(value, (set) => expect(problemOf(JSON.stringify(set))).toMatch(/^none$|^line \d+: \S/)),
      { numRuns: 300 },
    )
  })

  it('no name is quoted: names of outcomes are the words of an advertiser', () => {
    const secret = 'zanahoria'
    const bad = `{"rules": [{"event": "A", "when": {"outcome": ["${secret}", "${secret}${'x'.repeat(100)}", "${secret}\ufffd"], "kind": "${secret}"}, "unless": {"outcome": "${secret}"}}]}`
    expect(problemOf(bad)).toMatch(/^line 1/)
    expect(problemOf(bad)).not.toContain(secret)
  })
})

describe('a warning', () => {
  it('names flags that no active list has, and a value that nothing can have', () => {
    const rules = [
      rule({ event: 'A', when: condition({ flags: ['paid', 'typo'] }) }),
      rule({ event: 'B', when: condition({ inboundMessages: 2 }), value: true }),
      rule({ event: 'C', when: condition({ outcome: ['won'] }), value: true }),
    ]
    expect(ruleWarnings(rules, new Set(['paid']))).toEqual([
      'rule 1 (A): no active keyword list has the flag typo',
      'rule 2 (B): only outcomes and orders have a value, so value: true hands on none',
    ])
    expect(ruleWarnings(rules, null)).toHaveLength(1)
    expect(ruleWarnings(rules, null, [3, 9])[0]).toMatch(/^rule \d \(.*, line [39]\)/)
  })
})
