/** Settings of attribution beyond those every stage has. */
import { z } from 'zod'
import { topics } from '../topology.ts'

const dayMs = 86_400_000
const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 }
const longestWaitMs = 600_000

/** `30s`, `500ms`, `1m`, or seconds alone. */
const duration = z.string().transform((text, context) => {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)\s*(ms|s|m)?$/.exec(text.trim()) ?? []
  const ms = number === undefined ? Number.NaN : Number(number) * (units[unit] as number)
  if (ms >= 0 && ms <= longestWaitMs) return ms
  context.addIssue({
    code: 'custom',
    message: 'must be a time such as 30s, 500ms or 1m, at most 10m; 0 waits for nothing',
  })
  return z.NEVER
})

/** A day less than the topic keeps them, so that what Redis holds can be brought back from there. */
const mostDays = topics.touches.retentionMs / dayMs - 1

export const attributionFields = {
  /** How long a conversation is remembered after its last change; at least the longest attribution window. */
  ATTRIBUTION_STATE_DAYS: z.coerce.number().int().min(28).max(mostDays).default(35),
  /** How long the start of a conversation waits for its referral on sources that deliver referrals apart, ms. */
  ATTRIBUTION_WAIT: duration.default(30_000),
}
