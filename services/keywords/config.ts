/** The keywords stage has no settings of its own: connections choose their lists and origins. */
export const keywordsFields = {}
