/** What a connection file may leave out because TikTok can tell: the event set of its messaging account. */

import type { TikTokApi } from '../../../runtime/adapters/tiktok-api.ts'
import type { MessagingApp } from '../../model/connection-record.ts'
import { type ConnectionDraft, type ConnectionInput, parseConnection } from '../connection.ts'
import { EventSetUnclear, findEventSet, questionOf } from './event-sets.ts'

export interface CompleteTools {
  readonly api: TikTokApi
  messagingAppOf(source: string): MessagingApp | null
}

/** @throws ConnectionInvalid, EventSetUnclear, TikTokRefused, TikTokUnreachable */
export const complete = async (
  draft: ConnectionDraft,
  { api, messagingAppOf }: CompleteTools,
): Promise<ConnectionInput> => {
  const { eventSetId, advertiserId, accessToken } = draft
  // Without these there is nothing to ask with: the check of the whole names what is missing.
  if (eventSetId !== undefined || advertiserId === undefined || accessToken === undefined) return parseConnection(draft)
  const question = questionOf(draft, advertiserId, messagingAppOf(draft.source))
  if (!question)
    throw new EventSetUnclear(
      'eventSetId: give it, or messagingApp (and messagingAccountId) so that it can be looked up at TikTok',
    )
  return parseConnection({ ...draft, eventSetId: await findEventSet(api, accessToken, question) })
}
