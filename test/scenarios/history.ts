/** A history with a known answer: which signals each message raises, under the list before and the list after. */

import type { Keyring } from '../../services/runtime/keys/keyring.ts'
import type { MessageEvent } from '../../services/shared/model/message-event.ts'
import type { SignalKind } from '../../services/shared/model/topic-values.ts'
import { messageEvent } from '../support/builders.ts'

export const accounts = Array.from({ length: 20 }, (_, n) => `account-${n}`)
export const before = [{ keyword: 'pago', flag: 'payment' }]
export const after = [...before, { keyword: 'gracias', flag: 'thanks' }]

/** What TikTok is told of a signal; computed here and not by the pipeline's stages. */
export const idOf = (
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

export interface Told {
  readonly event: MessageEvent
  readonly starts: boolean
  readonly says: { readonly pago: boolean; readonly gracias: boolean }
}

const messagesPerConversation = 5

/** @param name keeps the ids of two histories apart. @param at when message number `n` happened, ms */
export const told = (name: string, n: number, at: number): Told => {
  const conversation = Math.floor(n / messagesPerConversation)
  const accountId = accounts[conversation % accounts.length] as string
  const inbound = n % messagesPerConversation !== 3
  const says = { pago: n % 10 === 1, gracias: n % 7 === 2 }
  const text = `hola, una pregunta sobre el pedido ${n}${says.pago ? ', ya hice el PAGO' : ''}${says.gracias ? ', muchas Gracias' : ''}`
  const event = messageEvent({
    accountId,
    conversationId: `${accountId}:${name}-${conversation}`,
    messageId: `${name}-${n}`,
    direction: inbound ? 'inbound' : 'outbound',
    sender: inbound ? 'user' : 'agent',
    occurredAt: at,
    text,
  })
  return { event, starts: n % messagesPerConversation === 0, says }
}

/** Ids of signals under a list without and with `gracias`. */
export const answers = (keyring: Keyring, all: readonly Told[]) => {
  const reported = new Set<string>()
  const added = new Set<string>()
  for (const { event, starts, says } of all) {
    if (event.direction !== 'inbound') continue
    if (starts) reported.add(idOf(keyring, event, 'conversation'))
    if (says.pago) reported.add(idOf(keyring, event, 'keyword'))
    // A message that raised a keyword signal before has the same id again: it is reported.
    else if (says.gracias) added.add(idOf(keyring, event, 'keyword'))
  }
  return { reported, added }
}
