import { compileKeywords } from '../../../services/keywords/matching/matcher.ts'
import { parseRuleSet } from '../../../services/keywords/rules/rule-set-file.ts'
import { messageEventSchema } from '../../../services/shared/model/message-event.ts'
import { RuleTrial } from '../../../services/tools/versions/rule-trial.ts'
import { accountsOf, conversationOf, randomOf, ruleSets } from '../../scenarios/outcomes-history.ts'
import { keyOf, Oracle } from '../../scenarios/outcomes-oracle.ts'
import { keywordEntry } from '../../support/builders.ts'

const start = Date.UTC(2025, 10, 23, 12)
const ofThePipeline = new Set(['Conversation', 'Keyword', 'Order'])

describe("the outcomes scenario's oracle", () => {
  it('makes of a history what `signals rules test` makes of it', () => {
    const random = randomOf(11)
    const oracle = new Oracle()
    const fired = new Map<string, [value: number | null, isCounted: boolean]>()
    // The command knows no restarts.
    const accounts = accountsOf(40).map((account) => ({ ...account, restartOnNewTouch: false }))
    for (const account of accounts) {
      const rules = account.rules === null ? [] : parseRuleSet(JSON.stringify({ rules: account.rules })).rules
      const trial = new RuleTrial(rules, compileKeywords([keywordEntry('pago', { flag: 'payment' })]))
      for (let n = 0; n < 40; n++) {
        const { events, duplicates } = conversationOf(account, n, start, random)
        for (const event of [...events, ...duplicates]) {
          oracle.take(account, event)
          const tried = trial.add(messageEventSchema.parse(event))
          if (typeof tried === 'string') continue
          const second = Math.floor(event.occurredAt / 1000)
          for (const { event: name, value, report } of tried.fired)
            fired.set(keyOf({ account: account.accountId, event: name, second }), [
              value === null ? null : Number(value),
              report === 'count_only',
            ])
        }
      }
    }
    const expected = new Map<string, [value: number | null, isCounted: boolean]>()
    for (const [key, { event, value }] of oracle.sent) if (!ofThePipeline.has(event)) expected.set(key, [value, false])
    for (const [key, { value }] of oracle.counted) expected.set(key, [value, true])
    expect(expected.size).toBeGreaterThan(1_000)
    expect(fired).toEqual(expected)
  })

  it('has work for every rule that is not off', () => {
    const random = randomOf(7)
    const oracle = new Oracle()
    for (const account of accountsOf(40))
      for (let n = 0; n < 40; n++)
        for (const event of conversationOf(account, n, start, random).events) oracle.take(account, event)
    const made = new Set([...oracle.sent.values(), ...oracle.counted.values()].map(({ event }) => event))
    const wanted = Object.values(ruleSets).flatMap((rules) =>
      rules.filter(({ report }) => report !== 'off').map(({ event }) => event),
    )
    expect([...new Set(wanted)].filter((event) => !made.has(event))).toEqual([])
    expect(made.has('Silent')).toBe(false)
  })
})
