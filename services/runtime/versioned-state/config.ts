/** Settings of stages that keep state of conversations. */
import { z } from 'zod'
import { topics } from '../../topology.ts'

const dayMs = 86_400_000
/** One day less than the retention of the topics, so that all that Redis holds can be rebuilt from there. */
const maxStateDays = Math.min(topics.touches.retentionMs, topics.ruleState.retentionMs) / dayMs - 1

export const stateFields = {
  /** How long a conversation is kept after its last change, days; at least the longest attribution window. */
  ATTRIBUTION_STATE_DAYS: z.coerce.number().int().min(28).max(maxStateDays).default(35),
}
