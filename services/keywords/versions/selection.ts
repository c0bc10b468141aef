/** Selects the keyword list or the rule set of a connection by name. */

/** Holds for connections that name none and whose market has none. */
export const defaultVersionedId = 'default'

/** Ids of keyword lists and of rule sets. */
export const versionedIdForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/**
 * The connection's own; else the one named after its market, if that exists; else `default`.
 * @param own that the connection names; null: none
 * @param exists whether an id has an active version
 */
export const selectedId = (own: string | null, market: string | null, exists: (id: string) => boolean): string =>
  own ?? (market !== null && exists(market) ? market : defaultVersionedId)
