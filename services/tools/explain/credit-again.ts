/**
 * What the messages of a conversation carry by which attribution credits it, and why a touch counts or does not. The extractors read the
 * messages again, one by one; what was credited stays what attribution wrote.
 */
import { type AttributionSettings, attribute, rulesOf } from '../../attribution/attribute.ts'
import { type ConversationState, emptyState } from '../../attribution/state/state.ts'
import { findTrackingId } from '../../attribution/tracking-id/extract.ts'
import { type Keyring, SealBroken } from '../../runtime/keys/keyring.ts'
import { type Content, openContent } from '../../runtime/keys/sealed-content.ts'
import type { Connection } from '../../shared/connections/directory.ts'
import type { Extractor } from '../../shared/model/connection-record.ts'
import type { AttributedMessage, Message, Touch } from '../../shared/model/topic-values.ts'

/**
 * `counts`; `later`: than the message; `outside_window`: older than the connection's window; `came_late`: attribution had decided the
 * message before it learned of the touch; `superseded`: a later touch counts.
 */
export type TouchVerdict = 'counts' | 'later' | 'outside_window' | 'came_late' | 'superseded'

export interface ExplainedTouch extends Pick<Touch, 'occurredAt' | 'trackingId'> {
  readonly verdict: TouchVerdict
}

/** What extractors find in one message. */
export interface FoundInMessage {
  readonly found: {
    readonly trackingId: string
    readonly from: Extractor['from']
    readonly query: string | null
  } | null
  /** Values that cannot be a tracking ID. */
  readonly refused: number
  /** A tracking ID in the business's own message, which never counts. */
  readonly ofBusiness: string | null
  /** The content does not open under the key of the connection. */
  readonly isSealBroken: boolean
}

const nothing: FoundInMessage = { found: null, refused: 0, ofBusiness: null, isSealBroken: false }
const anywhere = { position: 1, isOpening: true }

/** The result reads the messages of one conversation in the order given. */
export const openCrediting = (
  connection: Connection,
  keyring: Pick<Keyring, 'connectionKey'>,
  settings: AttributionSettings,
) => {
  const { connectionId, dataKey } = connection
  let state = emptyState
  const read = (message: Message): FoundInMessage => {
    const open = (): Content | null =>
      message.content === null || dataKey === null
        ? null
        : openContent(message.content, keyring.connectionKey(connectionId, dataKey), message.message)
    const rules = rulesOf(connection, message, settings)
    const decided = attribute(state, message, rules, open)
    state = decided.state
    const { found, refused } = decided
    const isOfBusiness = found === null && message.kind === 'message' && message.direction === 'outbound'
    const content = isOfBusiness && (message.hasText || message.hasLinks) ? open() : null
    return {
      ...nothing,
      found: found && { trackingId: found.trackingId, from: found.extractor.from, query: found.extractor.query },
      refused,
      ofBusiness: content && (findTrackingId(content, rules.extractors, anywhere).hit?.trackingId ?? null),
    }
  }
  return {
    read: (message: Message): FoundInMessage => {
      try {
        return read(message)
      } catch (error) {
        if (!(error instanceof SealBroken)) throw error
        return { ...nothing, isSealBroken: true }
      }
    },
    get touches(): readonly Touch[] {
      return state.touches
    },
  }
}

const keyOf = ({ occurredAt, trackingId }: Pick<Touch, 'occurredAt' | 'trackingId'>) => `${occurredAt} ${trackingId}`

/** Oldest first. @param known touches of attribution's state, and those of the messages */
export const judgeTouches = (
  { message: { occurredAt: at }, touchedAt, touchId }: AttributedMessage,
  known: readonly Pick<Touch, 'occurredAt' | 'trackingId'>[],
  windowMs: number,
): readonly ExplainedTouch[] => {
  const credited = touchedAt === null || touchId === null ? [] : [{ occurredAt: touchedAt, trackingId: touchId }]
  const [counting] = credited.map(keyOf)
  const all = new Map([...known, ...credited].map((touch) => [keyOf(touch), touch]))
  return [...all]
    .map(([key, { occurredAt, trackingId }]): ExplainedTouch => {
      const verdictOf = (): TouchVerdict => {
        if (key === counting) return 'counts'
        if (occurredAt > at) return 'later'
        if (occurredAt < at - windowMs) return 'outside_window'
        return touchedAt === null || touchedAt > at || occurredAt >= touchedAt ? 'came_late' : 'superseded'
      }
      return { occurredAt, trackingId, verdict: verdictOf() }
    })
    .sort((a, b) => a.occurredAt - b.occurredAt)
}

export const touchesOf = (state: ConversationState, found: readonly Touch[]): readonly Touch[] => [
  ...state.touches,
  ...found,
]
