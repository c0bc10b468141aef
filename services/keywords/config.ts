import { z } from 'zod'

/** The keywords stage has no settings of its own: connections choose their lists and origins. */
export const keywordsFields = {}

/** For the commands that make a version of a list. */
export const keywordListFields = {
  /** A version with more flags is refused. */
  KEYWORD_FLAGS_MAX: z.coerce.number().int().min(1).max(1_000).default(64),
}
