/** An explanation as lines for people. Pure; holds codes, flags and our own ids. */
import type { ExplainedTouch, TouchVerdict } from './credit-again.ts'
import type { ConversationExplanation, ExplainedMessage, ExplainedSignal } from './explanation.ts'

/** Why a message made no signal, in words. A reason that is not here is shown as its code. */
const reasons: Readonly<Record<string, string>> = {
  awaiting_referral: 'attribution waits for a referral',
  backfill: 'it is history, which raises no signal',
  consent_ended: 'the consent under which it came has ended',
  disconnected: 'its connection is disconnected',
  no_signal: 'it starts no conversation, no keyword matches, and no rule fires',
  not_attributed:
    'attribution has not passed it on yet (signals lag), or could not process it (signals dead-letters list)',
  not_own_words: 'it starts no conversation, and keywords do not count in words of this origin (keywordOrigins)',
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

const touchTexts: Readonly<Record<TouchVerdict, string>> = {
  counts: 'counts',
  later: 'does not count: it is later than the message',
  outside_window: 'does not count: it is older than attributionWindowDays',
  came_late: 'does not count: it came after the message was decided',
  superseded: 'does not count: a later touch does',
}

export const timeText = (ms: number) => new Date(ms).toISOString()

const waitText = ({ result, waitsIn, waitsUntil }: ExplainedSignal) => {
  if (result !== 'waiting') return ''
  if (waitsIn === 'keywords') return ', not published by keywords yet'
  return waitsUntil === null ? ' in dispatch' : ` in dispatch until ${timeText(waitsUntil)}`
}

const signalText = (signal: ExplainedSignal) => {
  const { kind, event, flags, value, currency, result, code, settledAt } = signal
  const name = [event ?? kind, ...flags, ...(value === null ? [] : [`${value} ${currency}`])].join(' ')
  const why = code === null ? '' : ` (${code})`
  return `signal ${name}: ${result}${why}${waitText(signal)}${settledAt === null ? '' : ` at ${timeText(settledAt)}`}`
}

const touchText = ({ occurredAt, trackingId, verdict }: ExplainedTouch) =>
  `touch ${trackingId} of ${timeText(occurredAt)} ${touchTexts[verdict]}`

const attributionLines = ({ attribution, signals }: ExplainedMessage): string[] => {
  if (attribution === null) return []
  const { startsConversation, trackingId, origin, touches } = attribution
  const start = startsConversation ? 'starts the conversation; ' : ''
  const credit = trackingId === null ? 'no touch counts' : `credited to ${trackingId}`
  // The others change nothing that anyone asks about.
  const shown = startsConversation || signals.length > 0 ? touches.filter(({ verdict }) => verdict !== 'counts') : []
  return [`${start}${credit}, origin ${origin}`, ...shown.map(touchText)]
}

const carriedLines = ({ found, refused, ofBusiness }: ExplainedMessage): string[] => [
  ...(found === null
    ? []
    : [
        `carries tracking ID ${found.trackingId} (${[found.from, ...(found.query === null ? [] : [found.query])].join(' ')})`,
      ]),
  ...(ofBusiness === null ? [] : [`carries tracking ID ${ofBusiness}, which does not count: the business wrote it`]),
  ...(refused === 0 ? [] : [`carries ${refused} that cannot be a tracking ID`]),
]

const shadowText = (mode: 'raised' | 'shadow') => (mode === 'shadow' ? ', counted only (shadow)' : '')

/** The reason leads. */
export const messageLines = (message: ExplainedMessage): string[] => {
  const { occurredAt, kind, direction, textOrigin, keywords, rules, signals, reason, waitsUntil } = message
  const until = waitsUntil === null ? '' : ` until ${timeText(waitsUntil)}`
  const words = textOrigin === null || textOrigin === 'typed' ? '' : `, ${textOrigin}`
  return [
    `${timeText(occurredAt)} ${direction} ${kind}${words}`,
    ...[
      ...(reason === null ? [] : [`no signal: ${reasons[reason] ?? reason}${until}`]),
      ...attributionLines(message),
      ...carriedLines(message),
      ...keywords.map(
        ({ listId, version, mode, flag }) => `keyword flag ${flag} by ${listId} version ${version}${shadowText(mode)}`,
      ),
      ...rules.map(({ event, mode, result }) => `rule ${event} ${ruleTexts[result] ?? result}${shadowText(mode)}`),
      ...signals.map(signalText),
    ].map((line) => `  ${line}`),
  ]
}

export const explanationText = (explanation: ConversationExplanation): string => {
  const { connectionId, status, isForgotten, messages, otherSignals } = explanation
  return [
    ...(status === 'active' ? [] : [`connection ${connectionId} is ${status}`]),
    ...(isForgotten ? ['the person was forgotten on request: nothing of this conversation is taken on'] : []),
    ...messages.flatMap(messageLines),
    ...otherSignals.map(
      (signal) => `${timeText(signal.occurredAt)} ${signalText(signal)}, made by settings or messages that are gone`,
    ),
    ...(messages.length === 0
      ? [
          'messages.v1 holds no message of it: none came, or ingest dropped it (a copy, an account without a connection, an ignored event), or it is older than the topic',
        ]
      : []),
  ].join('\n')
}
