/** An explanation as lines for people. Pure; holds codes, flags and our own ids. */
import type { ExplainedTouch, TouchVerdict } from './credit-again.ts'
import type { ConversationExplanation, ExplainedEvent, ExplainedMessage, ExplainedSignal } from './explanation.ts'
import { receivedLines, timeText } from './ingest/received-text.ts'

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

const waitText = ({ result, waitsIn, waitsUntil }: ExplainedSignal) => {
  if (result !== 'waiting') return ''
  if (waitsIn === 'keywords') return ', not published by keywords yet'
  return waitsUntil === null ? ' in dispatch' : ` in dispatch until ${timeText(waitsUntil)}`
}

const signalText = (signal: ExplainedSignal) => {
  const { kind, event, flags, value, currency, result, code, detail, settledAt } = signal
  const name = [event ?? kind, ...flags, ...(value === null ? [] : [`${value} ${currency}`])].join(' ')
  const reason = [code, detail].filter((one) => one !== null).join(', ')
  const why = reason === '' ? '' : ` (${reason})`
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

const shownLines = ({ shown }: ExplainedMessage): string[] =>
  shown === null
    ? []
    : [shown.text, shown.outcome, ...shown.links].flatMap((one) =>
        one === null ? [] : [`content: ${JSON.stringify(one)}`],
      )

/** The reason leads. */
const messageLines = (message: ExplainedMessage, received: ExplainedEvent | undefined): string[] => {
  const {
    occurredAt,
    kind,
    direction,
    textOrigin,
    keywords,
    rules,
    signals,
    reason,
    waitsUntil,
    deadLetter,
    deadLetterDetail,
  } = message
  const until = waitsUntil === null ? '' : ` until ${timeText(waitsUntil)}`
  const words = textOrigin === null || textOrigin === 'typed' ? '' : `, ${textOrigin}`
  return [
    `${timeText(occurredAt)} ${direction} ${kind}${words}`,
    ...[
      ...(deadLetter === null
        ? []
        : [
            `dead letter past ingest: ${deadLetter}${deadLetterDetail === null ? '' : `: ${deadLetterDetail}`} (signals dead-letters list)`,
          ]),
      ...(reason === null ? [] : [`no signal: ${reasons[reason] ?? reason}${until}`]),
      ...attributionLines(message),
      ...carriedLines(message),
      ...keywords.map(
        ({ listId, version, mode, flag }) => `keyword flag ${flag} by ${listId} version ${version}${shadowText(mode)}`,
      ),
      ...rules.map(({ event, mode, result }) => `rule ${event} ${ruleTexts[result] ?? result}${shadowText(mode)}`),
      ...signals.map(signalText),
      ...shownLines(message),
      ...(received === undefined ? [] : [`received as ${received.source}, ${received.delivery}`]),
    ].map((line) => `  ${line}`),
  ]
}

/** Between what came, and what is known past ingest, by time of receipt. */
const timeline = ({ received, messages }: ConversationExplanation): string[] =>
  [
    ...received
      .filter(({ outcome }) => outcome !== 'let_in')
      .map((one) => ({ at: one.receivedAt, lines: receivedLines(one) })),
    ...messages.map((one) => ({
      at: one.receivedAt,
      lines: messageLines(
        one,
        received.find(({ message, outcome }) => message === one.message && outcome === 'let_in'),
      ),
    })),
  ]
    .sort((a, b) => a.at - b.at)
    .flatMap(({ lines }) => lines)

/** Nothing came, as far as the topics tell. */
export const isEmpty = ({ received, messages }: ConversationExplanation): boolean =>
  received.length === 0 && messages.length === 0

/** Most sources' conversations are named by the account and the person; a complaint names the person. */
export const idHint = (
  explanation: ConversationExplanation,
  accountId: string,
  conversationId: string | undefined,
): string[] =>
  isEmpty(explanation) && conversationId !== undefined && !conversationId.startsWith(accountId)
    ? [
        `most conversation ids begin with the account: try --conversation ${accountId}:ID (docs/contracts.md, section 1)`,
      ]
    : []

const gapLines = (explanation: ConversationExplanation): string[] => {
  const { deliveriesSince, messagesSince, unreadableDeliveries, areCopiesUnknown } = explanation.gaps
  return [
    ...(isEmpty(explanation)
      ? [
          'nothing of it came in the times that were read: no delivery of this account names it, and messages.v1 holds no message of it',
        ]
      : []),
    ...(areCopiesUnknown ? ['Redis does not answer: copies of messages are not recognised'] : []),
    ...(unreadableDeliveries === 0
      ? []
      : [
          `${unreadableDeliveries} deliveries of the account cannot be opened: the consent under which they came has ended`,
        ]),
    ...(deliveriesSince === null
      ? []
      : [`deliveries before ${timeText(deliveriesSince)} are gone (channel-events.v1)`]),
    ...(messagesSince === null ? [] : [`messages before ${timeText(messagesSince)} are gone (messages.v1)`]),
  ]
}

export const explanationText = (explanation: ConversationExplanation): string => {
  const { connectionId, status, isForgotten, quarantine, otherSignals } = explanation
  return [
    ...(status === 'active' ? [] : [`connection ${connectionId} is ${status}`]),
    ...(isForgotten ? ['the person was forgotten on request: nothing of this conversation is taken on'] : []),
    ...(quarantine === null
      ? []
      : [
          `the account is in quarantine since ${timeText(quarantine.since)}: ${quarantine.why} (signals quarantine list)`,
        ]),
    ...timeline(explanation),
    ...otherSignals.map(
      (signal) => `${timeText(signal.occurredAt)} ${signalText(signal)}, made by settings or messages that are gone`,
    ),
    ...gapLines(explanation),
  ].join('\n')
}
