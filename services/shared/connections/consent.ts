/** Recognises messages and signals of a consent that has ended. */
import type { ConnectionRecord } from '../model/connection-record.ts'
import type { Message } from '../model/topic-values.ts'

/**
 * An account that is disconnected and connected again gets a new data key. Messages received before are sealed under the erased
 * key and cannot be opened. That is intended, so they are dropped and do not count towards the dead-letter limit.
 */
export const isOfEndedConsent = (
  { receivedAt }: Pick<Message, 'receivedAt'>,
  { connectedAt }: Pick<ConnectionRecord, 'connectedAt'>,
): boolean => receivedAt < connectedAt

/**
 * Id of a connection's consent; a disconnect followed by an add begins another one. A signal carries the id, so that a delayed
 * signal of an ended consent is not sent under the next.
 */
export const consentOf = ({ connectedAt }: Pick<ConnectionRecord, 'connectedAt'>): string => String(connectedAt)
