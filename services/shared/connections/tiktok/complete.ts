/** Looks up at TikTok the event set that a connection file leaves out, and compares one that it names. */

import type { TikTokApi } from '../../../runtime/adapters/tiktok-api.ts'
import type { MessagingApp } from '../../model/connection-record.ts'
import { type ConnectionDraft, type ConnectionInput, parseConnection } from '../connection-file.ts'
import { EventSetUnclear, findEventSet, questionOf, refuseForeignEventSet } from './event-sets.ts'

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
  // Without these TikTok cannot be asked; parseConnection names what is missing.
  if (advertiserId === undefined || accessToken === undefined) return parseConnection(draft)
  const question = questionOf(draft, advertiserId, messagingAppOf(draft.source))
  if (eventSetId !== undefined) {
    await refuseForeignEventSet(api, accessToken, question, eventSetId)
    return parseConnection(draft)
  }
  if (!question)
    throw new EventSetUnclear(
      'eventSetId: give it, or give messagingApp (and messagingAccountId) to look it up at TikTok',
    )
  return parseConnection({ ...draft, eventSetId: await findEventSet(api, accessToken, question) })
}
