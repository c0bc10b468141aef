/** Settings of attribution beyond those every stage has. */
import { z } from 'zod'

export const attributionFields = {
  /** How long a conversation is remembered after its last change; at least the longest attribution window. */
  ATTRIBUTION_STATE_DAYS: z.coerce.number().int().min(28).max(400).default(35),
}
