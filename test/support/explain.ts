/** Explains conversations of a pipeline in memory. */
import { explainConversation } from '../../services/tools/explain/explain.ts'
import type { ConversationExplanation } from '../../services/tools/explain/explanation.ts'
import { explanationText } from '../../services/tools/explain/explanation-text.ts'
import type { MemoryPipeline } from './memory-pipeline.ts'

export const account = '106540352242922'
export const chat = `${account}:5215550001111`

export const adReferral = {
  source: 'tiktok_ad',
  ref: 'E.C.P.1',
  adId: null,
  advertiserId: null,
  clickId: null,
  url: null,
} as const
export const referralEvent = {
  messageId: 'r1',
  kind: 'referral',
  text: null,
  textOrigin: null,
  referral: adReferral,
} as const

export const explain = async (
  pipeline: MemoryPipeline,
  asked: { conversationId?: string; messageId?: string; since?: number; until?: number; showText?: boolean } = {},
): Promise<ConversationExplanation> => {
  const { conversationId = asked.messageId === undefined ? chat : null, messageId = null, since = 0, until } = asked
  const ids = { connectionId: 'acme-wa', conversationId, messageId }
  const window = {
    since,
    ...(until === undefined ? {} : { until }),
    now: pipeline.now(),
    showText: asked.showText ?? false,
  }
  const found = await explainConversation(ids, window, pipeline)
  if (found === null) throw new Error('nothing was found')
  return found
}

export const textOf = async (...args: Parameters<typeof explain>) => explanationText(await explain(...args))
