/**
 * Judges by time whether a message or a signal belongs to a consent. Pure.
 *
 * A consent lasts from `connectedAt` to `disconnectedAt`. It covers what was *received* meanwhile: `occurredAt` is the source's word,
 * and a source may deliver late. An event of a partner's file was never received, so there its own time counts.
 */
import type { ConnectionRecord, EndedConsent } from '../model/connection-record.ts'

/** Both ms. */
export interface MessageTimes {
  readonly receivedAt: number
  readonly occurredAt: number
}

/** True when the consent that is in force covers a message of these times. */
export type ConsentRule = (times: MessageTimes, connection: ConnectionRecord) => boolean

/** The rule of live traffic, replay and redrive. What came under an earlier consent is not covered: its keys are erased. */
export const receivedUnderConsent = (
  { receivedAt }: Pick<MessageTimes, 'receivedAt'>,
  { connectedAt }: Pick<ConnectionRecord, 'connectedAt'>,
): boolean => receivedAt >= connectedAt

/**
 * Marks the state of a conversation with the consent under which it arose: its beginning, ms; null for the first consent of a connection.
 * So state of an earlier consent is recognised, and most states need no mark.
 */
export const consentMarkOf = ({
  earlierConsents,
  connectedAt,
}: Pick<ConnectionRecord, 'earlierConsents' | 'connectedAt'>): number | null =>
  earlierConsents.length === 0 ? null : connectedAt

/** The consents that ended before a record's next one. */
export const earlierConsentsOf = (record: ConnectionRecord | undefined): readonly EndedConsent[] => {
  if (!record) return []
  const { status, earlierConsents, source, accountId, connectedAt, disconnectedAt, changedAt } = record
  if (status !== 'disconnected') return earlierConsents
  return [...earlierConsents, { source, accountId, from: connectedAt, to: disconnectedAt ?? changedAt }]
}

/**
 * The consents that ended before a connection's next one.
 * @param before the connection's own record
 * @param holder the record that held the account last, which may be another connection's
 */
export const consentsBefore = (
  { connectionId, source, accountId }: Pick<ConnectionRecord, 'connectionId' | 'source' | 'accountId'>,
  before: ConnectionRecord | undefined,
  holder: ConnectionRecord | undefined,
): readonly EndedConsent[] => {
  const own = earlierConsentsOf(before)
  if (!holder || holder.connectionId === connectionId || (before && before.status !== 'disconnected')) return own
  const others = earlierConsentsOf(holder).filter((one) => one.source === source && one.accountId === accountId)
  const known = new Set(own.map(({ from, to }) => `${from} ${to}`))
  return [...own, ...others.filter(({ from, to }) => !known.has(`${from} ${to}`))].sort((a, b) => a.from - b.from)
}

interface Span {
  readonly from: number
  readonly to: number
}

/** The times between the consents of a connection's account, whichever connections held it. */
const disconnectedSpansOf = (connection: ConnectionRecord, all: readonly ConnectionRecord[]): readonly Span[] => {
  const ended = all
    .flatMap(earlierConsentsOf)
    .filter(({ source, accountId }) => source === connection.source && accountId === connection.accountId)
    .sort((a, b) => a.from - b.from)
  const spans: Span[] = []
  let connectedUntil = Number.NEGATIVE_INFINITY
  for (const { from, to } of [...ended, { from: connection.connectedAt, to: Number.POSITIVE_INFINITY }]) {
    if (Number.isFinite(connectedUntil) && from > connectedUntil) spans.push({ from: connectedUntil, to: from })
    connectedUntil = Math.max(connectedUntil, to)
  }
  return spans
}

/**
 * The rule for events of a file: from `authorisedAt` on, which may be set to an earlier time, and outside of every time without a
 * connection. A token that replaces another within a consent moves `authorisedAt` on; the consent covers the time before it all the same.
 */
export const occurredUnderConsent = (directory: { all(): readonly ConnectionRecord[] }): ConsentRule => {
  const spans = new Map<ConnectionRecord, readonly Span[]>()
  return ({ occurredAt }, connection) => {
    const { authorisedAt, connectedAt } = connection
    if (occurredAt < (connectedAt === 0 ? authorisedAt : Math.min(authorisedAt, connectedAt))) return false
    let disconnected = spans.get(connection)
    if (!disconnected) {
      disconnected = disconnectedSpansOf(connection, directory.all())
      spans.set(connection, disconnected)
    }
    return !disconnected.some(({ from, to }) => occurredAt >= from && occurredAt < to)
  }
}

/**
 * Id of a connection's consent; a disconnect followed by an add begins another one. A signal carries the id, so that a delayed
 * signal of an ended consent is not sent under the next.
 */
export const consentOf = ({ connectedAt }: Pick<ConnectionRecord, 'connectedAt'>): string => String(connectedAt)
