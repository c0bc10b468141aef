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

/** The consents that ended before a record's next one. */
export const earlierConsentsOf = (record: ConnectionRecord | undefined): readonly EndedConsent[] => {
  if (!record) return []
  const { status, earlierConsents, source, accountId, connectedAt, disconnectedAt, changedAt } = record
  if (status !== 'disconnected') return earlierConsents
  return [...earlierConsents, { source, accountId, from: connectedAt, to: disconnectedAt ?? changedAt }]
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
