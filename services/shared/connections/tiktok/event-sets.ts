/** Message event sets: where an advertiser's events of a messaging account go. Looked up at TikTok unless the file names one. */

import type { TikTokApi } from '../../../runtime/adapters/tiktok-api.ts'
import type { MessagingApp } from '../../model/connection-record.ts'
import { TikTokRefused, TikTokUnreachable } from './oauth.ts'

export interface MessageEventSet {
  readonly eventSetId: string
  readonly name: string
}

export interface EventSetQuestion {
  readonly advertiserId: string
  readonly app: MessagingApp
  /** As TikTok names the messaging account; null: not known, so TikTok can list the app's sets but match none. */
  readonly accountId: string | null
}

/** TikTok does not name one event set. The message says what to do instead. */
export class EventSetUnclear extends Error {
  override readonly name = 'EventSetUnclear'
}

/** TikTok lists event sets for the app, and the one that was given is none of them. */
class EventSetForeign extends EventSetUnclear {}

/** TikTok's codes for a token whose grant or app lacks a permission. */
const permissionCodes: ReadonlySet<number> = new Set([40001, 40125])
/** TikTok's code for a bad or missing parameter. */
const badParameter = 40002

const setOf = (value: unknown): MessageEventSet | null => {
  const { message_event_set_id: id, message_event_name: name } = (value ?? {}) as Record<string, unknown>
  return typeof id === 'string' || typeof id === 'number' ? { eventSetId: String(id), name: String(name ?? '') } : null
}

/** @throws EventSetUnclear without the permission; TikTokRefused, TikTokUnreachable */
export const readEventSets = async (
  api: TikTokApi,
  token: string,
  { advertiserId, app, accountId }: EventSetQuestion,
): Promise<{ matched: MessageEventSet | null; all: readonly MessageEventSet[] }> => {
  const result = await api.call('GET', 'ctm/message_event_set/get/', {
    token,
    query: {
      advertiser_id: advertiserId,
      messaging_app_type: app,
      ...(accountId === null ? {} : { messaging_app_account_id: accountId }),
    },
  })
  if (result.kind === 'failed')
    throw new TikTokUnreachable(`TikTok does not answer about message event sets: ${result.reason}`)
  // Whether TikTok lists sets without naming an account is not public.
  if (accountId === null && result.code === badParameter) return { matched: null, all: [] }
  if (permissionCodes.has(result.code))
    throw new EventSetUnclear(
      `TikTok refuses to list message event sets with code ${result.code}: the grant lacks the permission "CTX Events Management"; have TikTok grant it to your app, add its number to TIKTOK_ADVERTISER_SCOPES, and have advertiser ${advertiserId} agree again`,
    )
  if (result.code !== 0) throw new TikTokRefused('to list message event sets', result.code)
  const { message_event_set_list: list, matched_event_set: matched } = result.data
  return {
    matched: setOf(matched),
    all: (Array.isArray(list) ? list : []).flatMap((one) => setOf(one) ?? []),
  }
}

/** The id of the account's own event set. @throws EventSetUnclear, TikTokRefused, TikTokUnreachable */
export const findEventSet = async (api: TikTokApi, token: string, question: EventSetQuestion): Promise<string> => {
  if (question.accountId === null)
    throw new EventSetUnclear(
      'messagingAccountId: give the phone number of the WhatsApp account, with its country code, by which TikTok knows it; or give eventSetId by hand',
    )
  const { matched, all } = await readEventSets(api, token, question)
  if (matched) return matched.eventSetId
  const problem = `advertiser ${question.advertiserId} has no message event set for this ${question.app} account`
  if (all.length === 0)
    throw new EventSetUnclear(`${problem}: make one in TikTok Events Manager, or give eventSetId by hand`)
  const others = all.slice(0, 10).map(({ eventSetId }) => eventSetId)
  throw new EventSetUnclear(
    `${problem}, but others (${others.join(', ')}): give eventSetId by hand if it is one of them`,
  )
}

/**
 * Compares an event set that was given by hand with those that TikTok lists for the app. TikTok may list none, so none refutes nothing.
 * @throws EventSetUnclear, TikTokRefused, TikTokUnreachable
 */
export const checkEventSet = async (
  api: TikTokApi,
  token: string,
  question: EventSetQuestion,
  eventSetId: string,
): Promise<void> => {
  const { matched, all } = await readEventSets(api, token, question)
  const listed = [...(matched ? [matched] : []), ...all].map((one) => one.eventSetId)
  if (listed.length > 0 && !listed.includes(eventSetId))
    throw new EventSetForeign(
      `eventSetId: advertiser ${question.advertiserId} has no event set of this id for ${question.app}; it has: ${listed.slice(0, 10).join(', ')}`,
    )
}

/**
 * The same, where TikTok tells. A token that may not list event sets, or a TikTok that does not answer, refutes nothing: for an operator who
 * has the token already, and for an event set that is in force.
 * @throws EventSetUnclear
 */
export const refuseForeignEventSet = async (
  api: TikTokApi,
  token: string,
  question: EventSetQuestion | null,
  eventSetId: string,
): Promise<void> => {
  if (question === null) return
  try {
    await checkEventSet(api, token, question, eventSetId)
  } catch (error) {
    const isUntold = [EventSetUnclear, TikTokRefused, TikTokUnreachable].some((kind) => error instanceof kind)
    if (error instanceof EventSetForeign || !isUntold) throw error
  }
}

/**
 * The look-up for a connection; null when its messaging app is unknown. TikTok knows a WhatsApp account by its phone number, which no
 * `accountId` is: that of the source `whatsapp` is Meta's `phone_number_id`.
 */
export const questionOf = (
  connection: {
    readonly accountId: string
    readonly messagingApp?: MessagingApp | null | undefined
    readonly messagingAccountId?: string | null | undefined
  },
  advertiserId: string,
  /** The app that the mapping of the connection's source declares. */
  appOfSource: MessagingApp | null,
): EventSetQuestion | null => {
  const app = connection.messagingApp ?? appOfSource
  const own = app === 'WHATSAPP' ? null : connection.accountId
  return app && { advertiserId, app, accountId: connection.messagingAccountId ?? own }
}
