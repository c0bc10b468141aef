/** Finds the name that a misspelt one was meant to be. */

/** Steps that lead from one text to the other: a character more, less or another. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next[j] = Math.min(changed, (row[j] as number) + 1, (next[j - 1] as number) + 1)
    }
    row = next
  }
  return row[b.length] as number
}

/** Longer names are not compared, as the time grows with the product of their lengths. */
const longest = 64

/** The known name that is like this one, whatever its case; undefined: none is. */
export const similarTo = (name: string, known: readonly string[]): string | undefined => {
  if (name.length > longest) return undefined
  const lower = name.toLowerCase()
  const most = Math.max(1, Math.floor(name.length / 4))
  return known
    .map((one) => ({ one, steps: distance(lower, one.toLowerCase()) }))
    .filter(({ steps }) => steps <= most)
    .sort((a, b) => a.steps - b.steps)[0]?.one
}

/** `; did you mean accessToken?`, or nothing. @param names unknown ones */
export const didYouMean = (names: readonly string[], known: readonly string[]): string => {
  const meant = names.flatMap((name) => similarTo(name, known) ?? [])
  return meant.length > 0 ? `; did you mean ${meant.join(', ')}?` : ''
}
