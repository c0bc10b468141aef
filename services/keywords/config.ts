import { z } from 'zod'
import { stateFields } from '../runtime/versioned-state/config.ts'

/** The keywords stage has no settings of its own: connections choose their lists, origins and rules. */
export const keywordsFields = { ...stateFields }

/** For the commands that make a version of a list. */
export const keywordListFields = {
  /** A version with more flags is refused. */
  KEYWORD_FLAGS_MAX: z.coerce.number().int().min(1).max(1_000).default(64),
}
