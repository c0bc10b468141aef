/** A history of messages with known signals, under a first keyword list and under a second one. */

import type { Keyring } from '../../services/runtime/keys/keyring.ts'
import type { MessageEvent } from '../../services/shared/model/message-event.ts'
import type { SignalKind } from '../../services/shared/model/topic-values.ts'
import { messageEvent } from '../support/builders.ts'

export const accounts = Array.from({ length: 20 }, (_, n) => `account-${n}`)
export const firstList = [{ keyword: 'pago', flag: 'payment' }]
export const secondList = [...firstList, { keyword: 'gracias', flag: 'thanks' }]

/** The signal's id at TikTok, computed here and not by the pipeline's stages. */
export const signalIdOf = (
  keyring: Keyring,
  { source, accountId, conversationId, messageId }: MessageEvent,
  kind: SignalKind,
) =>
  keyring.signalId(
    accountId,
    keyring.pseudonym('conversation', source, accountId, conversationId),
    keyring.pseudonym('message', source, accountId, messageId),
    kind,
  )

export interface HistoryMessage {
  readonly event: MessageEvent
  readonly startsConversation: boolean
  /** The keywords in its text. */
  readonly contains: { readonly pago: boolean; readonly gracias: boolean }
}

const messagesPerConversation = 5

/** @param name distinguishes the ids of two histories. @param at time of message number `n`, ms */
export const historyMessage = (name: string, n: number, at: number): HistoryMessage => {
  const conversation = Math.floor(n / messagesPerConversation)
  const accountId = accounts[conversation % accounts.length] as string
  const inbound = n % messagesPerConversation !== 3
  const contains = { pago: n % 10 === 1, gracias: n % 7 === 2 }
  const text = `hola, una pregunta sobre el pedido ${n}${contains.pago ? ', ya hice el PAGO' : ''}${contains.gracias ? ', muchas Gracias' : ''}`
  const event = messageEvent({
    accountId,
    conversationId: `${accountId}:${name}-${conversation}`,
    messageId: `${name}-${n}`,
    direction: inbound ? 'inbound' : 'outbound',
    sender: inbound ? 'user' : 'agent',
    occurredAt: at,
    text,
  })
  return { event, startsConversation: n % messagesPerConversation === 0, contains }
}

/** Ids of the signals under the first list, and of those that the second list adds. */
export const expectedSignals = (keyring: Keyring, all: readonly HistoryMessage[]) => {
  const reported = new Set<string>()
  const added = new Set<string>()
  for (const { event, startsConversation, contains } of all) {
    if (event.direction !== 'inbound') continue
    if (startsConversation) reported.add(signalIdOf(keyring, event, 'conversation'))
    if (contains.pago) reported.add(signalIdOf(keyring, event, 'keyword'))
    // A message with a keyword signal under the first list has the same id under the second: already reported.
    else if (contains.gracias) added.add(signalIdOf(keyring, event, 'keyword'))
  }
  return { reported, added }
}
