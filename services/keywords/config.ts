/** Keywords has no settings of its own: lists and origins are the connections' business. */
export const keywordsFields = {}
