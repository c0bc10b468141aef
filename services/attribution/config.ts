/** Settings of attribution in addition to those of every stage. */
import { z } from 'zod'
import { stateFields } from '../runtime/versioned-state/config.ts'
import { defaultTextWindowMs } from './tracking-id/text-window.ts'

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** Parses `30s`, `500ms`, `1m` or plain seconds to milliseconds. @param most ms */
const duration = (most: number, problem: string) =>
  z.string().transform((text, context) => {
    const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/.exec(text.trim()) ?? []
    const ms = number === undefined ? Number.NaN : Number(number) * (units[unit] as number)
    if (ms >= 0 && ms <= most) return ms
    context.addIssue({ code: 'custom', message: problem })
    return z.NEVER
  })

export const attributionFields = {
  ...stateFields,
  /** How long the start of a conversation waits for its referral on sources that deliver referrals as separate events, ms. */
  ATTRIBUTION_WAIT: duration(
    10 * 60_000,
    'must be a time such as 30s, 500ms or 1m, at most 10m; 0 waits for nothing',
  ).default(30_000),
  /** How long after a start links outside of a text count whatever the position of their message, ms. */
  ATTRIBUTION_TEXT_WINDOW: duration(
    24 * 3_600_000,
    'must be a time such as 10m, 30s or 1h, at most 24h; 0: only the first messages count',
  ).default(defaultTextWindowMs),
}
