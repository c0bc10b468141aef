/** Settings of attribution in addition to those of every stage. */
import { z } from 'zod'
import { topics } from '../topology.ts'

const dayMs = 86_400_000
const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 }
const maxWaitMs = 600_000

/** Parses `30s`, `500ms`, `1m` or plain seconds to milliseconds. */
const duration = z.string().transform((text, context) => {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)\s*(ms|s|m)?$/.exec(text.trim()) ?? []
  const ms = number === undefined ? Number.NaN : Number(number) * (units[unit] as number)
  if (ms >= 0 && ms <= maxWaitMs) return ms
  context.addIssue({
    code: 'custom',
    message: 'must be a time such as 30s, 500ms or 1m, at most 10m; 0 waits for nothing',
  })
  return z.NEVER
})

/** One day less than the retention of `touches.v1`, so that all that Redis holds can be rebuilt from there. */
const maxStateDays = topics.touches.retentionMs / dayMs - 1

export const attributionFields = {
  /** How long a conversation is kept after its last change, days; at least the longest attribution window. */
  ATTRIBUTION_STATE_DAYS: z.coerce.number().int().min(28).max(maxStateDays).default(35),
  /** How long the start of a conversation waits for its referral on sources that deliver referrals as separate events, ms. */
  ATTRIBUTION_WAIT: duration.default(30_000),
}
