/** Finds an element of a list by what its key holds. */

/** Up to this length it costs less to look through a list than to index it. */
const shortList = 8

/**
 * A mapping may look into one list for each element of another, and a sender chooses the length of both. So a longer list is indexed when
 * it is looked into for the first time.
 * @param keyOf what to compare of an element
 * @returns a function that gives the first element with this key; undefined where there is none, and for a value that is no list
 */
export const finderIn = (keyOf: (item: unknown) => unknown): ((list: unknown, wanted: unknown) => unknown) => {
  /** Of lists of the delivery that is mapped: they go with it. */
  const indexes = new WeakMap<readonly unknown[], ReadonlyMap<unknown, unknown>>()
  const indexOf = (list: readonly unknown[]) => {
    const known = indexes.get(list)
    if (known) return known
    const index = new Map<unknown, unknown>()
    for (const item of list) {
      const key = keyOf(item)
      if (!index.has(key)) index.set(key, item)
    }
    indexes.set(list, index)
    return index
  }
  return (list, wanted) => {
    if (!Array.isArray(list)) return undefined
    if (list.length > shortList) return indexOf(list).get(wanted)
    for (const item of list) if (keyOf(item) === wanted) return item
    return undefined
  }
}
