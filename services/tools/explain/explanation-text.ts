/** An explanation as lines for people. Pure; holds codes, flags and our own ids. */
import type { ConversationExplanation, ExplainedMessage, ExplainedSignal } from './explain.ts'

/** Why a message made no signal, in words. A reason that is not here is shown as its code. */
const reasons: Readonly<Record<string, string>> = {
  backfill: 'it is history, which raises no signal',
  consent_ended: 'the consent under which it came has ended',
  disconnected: 'its connection is disconnected',
  no_signal: 'it starts no conversation, no keyword matches, and no rule fires',
  not_attributed: 'attribution has not passed it on: it waits for a referral, or attribution is behind',
  orders_off: 'its connection reports no orders (reportOrders)',
  outbound: 'the business wrote it, and the connection matches the words of persons only (keywordDirections)',
  seal_broken: 'its content does not open under the key of its connection',
  state_only: 'an event of its kind changes what is known of the conversation, and raises no signal',
  suppressed: 'the person was forgotten on request',
}

const ruleTexts: Readonly<Record<string, string>> = {
  send: 'fires',
  count_only: 'fires, for reports only',
  unless: 'is kept back by unless',
  count: 'has counted already in its window',
  off: 'is off (report: off)',
}

const timeOf = (ms: number) => new Date(ms).toISOString()

const signalText = ({ kind, event, flags, value, currency, result, code, settledAt }: ExplainedSignal) => {
  const name = [event ?? kind, ...flags, ...(value === null ? [] : [`${value} ${currency}`])].join(' ')
  const why = code === null ? '' : ` (${code})`
  return `signal ${name}: ${result}${why}${settledAt === null ? '' : ` at ${timeOf(settledAt)}`}`
}

const linesOf = ({ occurredAt, kind, direction, attribution, keywords, rules, signals, reason }: ExplainedMessage) => [
  `${timeOf(occurredAt)} ${direction} ${kind}`,
  ...(reason === null ? [] : [`  no signal: ${reasons[reason] ?? reason}`]),
  ...(attribution === null
    ? []
    : [
        `  ${attribution.startsConversation ? 'starts the conversation; ' : ''}${attribution.trackingId === null ? 'no touch counts' : `credited to ${attribution.trackingId}`}, origin ${attribution.origin}`,
      ]),
  ...keywords.map(
    ({ listId, version, mode, flag }) =>
      `  keyword flag ${flag} by ${listId} version ${version}${mode === 'shadow' ? ', counted only (shadow)' : ''}`,
  ),
  ...rules.map(
    ({ event, mode, result }) =>
      `  rule ${event} ${ruleTexts[result] ?? result}${mode === 'shadow' ? ', counted only (shadow)' : ''}`,
  ),
  ...signals.map((signal) => `  ${signalText(signal)}`),
]

export const explanationText = ({ connectionId, status, messages }: ConversationExplanation): string =>
  [
    ...(status === 'active' ? [] : [`connection ${connectionId} is ${status}`]),
    ...messages.flatMap(linesOf),
    ...(messages.length === 0
      ? [
          'messages.v1 holds no message of it: none came, or ingest dropped it (a copy, an account without a connection, an ignored event), or it is older than the topic',
        ]
      : []),
  ].join('\n')
