import { compileKeywords } from '../../../../services/keywords/matching/matcher.ts'
import { messageEventSchema } from '../../../../services/shared/model/message-event.ts'
import type { SignalRule } from '../../../../services/shared/model/rules/rule-set.ts'
import { newRuleSet } from '../../../../services/tools/versions/new-rule-set.ts'
import { RuleTrial } from '../../../../services/tools/versions/rule-trial.ts'
import { VersionRefused } from '../../../../services/tools/versions/version-refused.ts'
import { keywordEntry } from '../../../support/builders.ts'
import { condition, rule } from '../../../support/rules.ts'

const start = 1_763_900_000_000
const base = { source: 'own', accountId: '1', channel: 'whatsapp', conversationId: 'c', timeSource: 'event' }
const written = (messageId: string, fields: object = {}) =>
  messageEventSchema.parse({
    ...base,
    ...{ messageId, kind: 'message', direction: 'inbound', sender: 'user', occurredAt: start },
    ...{ text: 'hola', textOrigin: 'typed' },
    ...fields,
  })
const outcome = (messageId: string, name: string, fields: object = {}) =>
  messageEventSchema.parse({
    ...base,
    ...{ messageId, kind: 'outcome', direction: 'outbound', sender: 'agent', occurredAt: start + 1_000 },
    outcome: { name, value: '12.50', currency: 'MXN' },
    ...fields,
  })

const resultsOf = (rules: readonly SignalRule[], events: readonly ReturnType<typeof written>[]) => {
  const trial = new RuleTrial(rules, compileKeywords([keywordEntry('pago', { flag: 'paid' })]))
  return events.map((event) => {
    const tried = trial.add(event)
    if (typeof tried === 'string') return tried
    return [
      ...tried.fired.map(({ event: name, value }) => (value === null ? name : `${name} ${value}`)),
      ...tried.keptBack.map(({ event: name, reason }) => `${name}: ${reason}`),
    ].join(', ')
  })
}

describe('a trial of rules', () => {
  it('judges outcomes, keywords, orders and places of messages as the pipeline does', () => {
    const rules = [
      rule({ event: 'Won', when: condition({ outcome: ['won'] }), value: true, count: 'once_per_conversation' }),
      rule({ event: 'Paid', when: condition({ flags: ['paid'] }), unless: condition({ outcome: ['refund'] }) }),
      rule({ event: 'Second', when: condition({ inboundMessages: 2 }) }),
      rule({ event: 'Bought', when: condition({ kind: 'order' }), value: true }),
    ]
    const results = resultsOf(rules, [
      written('m1', { text: 'ya pago' }),
      written('m2'),
      outcome('o1', ' WON '),
      outcome('o2', 'won'),
      outcome('o3', 'Refund'),
      written('m3', { text: 'otro pago', occurredAt: start + 2_000 }),
      written('o4', { kind: 'order', text: null, textOrigin: null, outcome: { value: 7, currency: 'MXN' } }),
    ])
    expect(results).toEqual(['Paid', 'Second', 'Won 12.50', 'Won: count', '', 'Paid: unless', 'Bought 7'])
  })

  it('says which events no rule judges', () => {
    const results = resultsOf(
      [rule({ event: 'First', when: condition({ inboundMessages: 1 }) })],
      [
        written('m0', { backfill: true }),
        written('m1', { direction: 'outbound', sender: 'agent' }),
        written('m2', { kind: 'edit' }),
        written('m3'),
        written('m3'),
        written('m3', { conversationId: 'd', messageId: 'm4' }),
      ],
    )
    expect(results).toEqual(['backfill', 'outbound', 'kind', 'First', 'duplicate', 'First'])
  })

  it('counts once per touch and once per conversation', () => {
    const link = (id: string) => `see https://shop.example/?ttclid=E.C.P.${id}`
    const rules = [
      rule({ event: 'Touch', count: 'once_per_touch' }),
      rule({ event: 'Chat', count: 'once_per_conversation' }),
    ]
    const results = resultsOf(rules, [
      written('m1', { text: `pago ${link('a')}` }),
      written('m2', { text: 'pago' }),
      written('m3', { text: `pago ${link('b')}`, occurredAt: start + 5_000 }),
    ])
    expect(results).toEqual(['Touch, Chat', 'Touch: count, Chat: count', 'Touch, Chat: count'])
  })
})

describe('a rule that sends', () => {
  it('is refused where the wire profile has no outcome, with the name of the profile', () => {
    const profile = 'test/support/profiles/without-outcome.json'
    const made = (rules: readonly SignalRule[], wireProfile?: string) => () =>
      newRuleSet(
        { ruleSetId: 'default', version: 1, rules, shadow: false, copyOf: null },
        { author: 'a', now: 1 },
        wireProfile,
      )
    const sending = [rule({ report: 'count_only' }), rule({ event: 'Lead' })]
    expect(made(sending, profile)).toThrow(VersionRefused)
    expect(made(sending, profile)).toThrow(
      /rule 2 sends Lead, and the wire profile plain has no events\.outcome; .*count_only/,
    )
    expect(made([rule({ report: 'count_only' })], profile)).not.toThrow()
    expect(made(sending)).not.toThrow()
  })
})
