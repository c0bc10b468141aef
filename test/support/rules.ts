/** Rules, the facts of a message event, and a conversation's memory, for tests of rule sets. */
import type { Evaluated } from '../../services/keywords/rules/evaluate-rules.ts'
import type { RuleFacts, RuleMemory } from '../../services/keywords/rules/facts.ts'
import type { RuleCondition, RuleSetRecord, SignalRule } from '../../services/shared/model/rules/rule-set.ts'

export const condition = (one: Partial<RuleCondition>): RuleCondition => ({
  outcome: [],
  flags: [],
  kind: null,
  inboundMessages: null,
  ...one,
})

export const rule = (one: Partial<SignalRule> = {}): SignalRule => ({
  event: 'Lead',
  when: condition({ flags: ['paid'] }),
  unless: null,
  count: 'always',
  hours: null,
  value: false,
  report: 'send',
  ...one,
})

export const ruleSet = (one: Partial<RuleSetRecord> = {}): RuleSetRecord => ({
  ruleSetId: 'default',
  version: 1,
  createdAt: 1_000,
  rules: [rule()],
  shadow: false,
  copyOf: null,
  author: 'ana@host',
  ...one,
})

export const ruleFacts = (one: Partial<RuleFacts> = {}): RuleFacts => ({
  kind: 'message',
  message: 'm1',
  revision: null,
  occurredAt: 1_000,
  outcome: null,
  value: null,
  currency: null,
  flags: [],
  inboundMessages: null,
  startedBy: 'm1',
  touch: null,
  ...one,
})

/** What a conversation had, noted after each message event. */
export const conversationMemory = (): RuleMemory & { note(evaluated: Evaluated, occurredAt: number): void } => {
  const fired = new Set<string>()
  const since = new Map<string, number>()
  return {
    hasFired: (event, window) => fired.has(`${event} ${window}`),
    knownSince: (fact) => since.get(fact),
    note: (evaluated, occurredAt) => {
      for (const { event, window } of evaluated.fired) fired.add(`${event} ${window}`)
      for (const fact of evaluated.facts) since.set(fact, Math.min(since.get(fact) ?? Infinity, occurredAt))
    },
  }
}
