/** Messages and signals of a consent that has ended since. */
import type { ConnectionRecord } from '../model/connection-record.ts'
import type { Message } from '../model/topic-values.ts'

/**
 * An account that was disconnected and connected anew has a new data key. What was on its way from before is sealed under the one
 * that was erased: nobody may open it, so it is no fault, and must not count towards the limit on dead letters.
 */
export const isOfEndedConsent = (
  { receivedAt }: Pick<Message, 'receivedAt'>,
  { connectedAt }: Pick<ConnectionRecord, 'connectedAt'>,
): boolean => receivedAt < connectedAt

/**
 * Names the consent that a connection stands on: one that was disconnected and added anew stands on another. A signal carries it, so
 * that what waited somewhere while one consent ended does not go out under the next.
 */
export const consentOf = ({ connectedAt }: Pick<ConnectionRecord, 'connectedAt'>): string => String(connectedAt)
