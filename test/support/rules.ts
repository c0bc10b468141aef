/** Rules, the facts of a message event, for tests of rule sets. */
import type { RuleFacts } from '../../services/keywords/rules/facts.ts'
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
