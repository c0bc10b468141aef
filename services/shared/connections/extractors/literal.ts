/**
 * How many literal letters stand next to one another in every match of a pattern. A pattern for text needs some, so that it finds codes
 * that a business hands out and not whatever a person wrote. Rather too low than too high: what is not understood counts as none.
 */

interface Part {
  /** Letters in a row that each match contains. */
  readonly least: number
  /** The part is these many letters and nothing else, so its neighbours continue the row; null: it is more than that. */
  readonly letters: number | null
}

const other: Part = { least: 0, letters: null }
const empty: Part = { least: 0, letters: 0 }
const letter: Part = { least: 1, letters: 1 }

const token =
  /\\Q([\s\S]*?)(?:\\E|$)|\\[pP](?:\{[^}]*\}|[\s\S])|\\x(?:\{[^}]*\}|[\s\S]{0,2})|\\[0-7]{1,3}|\\([\s\S])|\[(\^?)(\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*)(?:\]|$)|\(\?[imsU-]+\)|\((?:\?(?:P?<\w+>|[imsU-]*:))?|([\s\S])/guy

const repetition = /(?:[*?]|\+|\{(\d+)(?:,\d*)?\})[?]?/y

const isLetter = (text: string) => /^\p{L}$/u.test(text)

/** `[Rr]` is the letter r. */
const isOneLetter = (members: string) =>
  /^\p{L}+$/u.test(members) && new Set(Array.from(members.toLowerCase())).size === 1

const inRow = (parts: readonly Part[]): Part => {
  let least = 0
  let row = 0
  let pure = true
  for (const part of parts) {
    if (part.letters !== null) {
      row += part.letters
      continue
    }
    pure = false
    least = Math.max(least, row, part.least)
    row = 0
  }
  return { least: Math.max(least, row), letters: pure ? row : null }
}

const oneOf = (branches: readonly Part[]): Part =>
  branches.length === 1
    ? (branches[0] as Part)
    : { least: Math.min(...branches.map(({ least }) => least)), letters: null }

/** @param pattern valid for RE2 @returns letters in a row that every match contains, at least */
export const literalLetters = (pattern: string): number => {
  /** For each open group, its closed branches and the parts of the open one. */
  const groups: { branches: Part[]; parts: Part[] }[] = [{ branches: [], parts: [] }]
  const closed = ({ branches, parts }: { branches: Part[]; parts: Part[] }) => oneOf([...branches, inRow(parts)])
  let at = 0

  const repeated = (part: Part): Part => {
    repetition.lastIndex = at
    const found = repetition.exec(pattern)
    if (!found) return part
    at = repetition.lastIndex
    const optional = /^[*?]/.test(found[0]) || Number(found[1]) === 0
    return optional ? other : { least: part.least, letters: null }
  }

  while (at < pattern.length) {
    token.lastIndex = at
    const found = token.exec(pattern)
    if (!found) return 0
    const [text, quoted, escaped, negated, members, single] = found
    at = token.lastIndex
    const open = groups.at(-1) as { branches: Part[]; parts: Part[] }
    if (quoted !== undefined) {
      const letters = Array.from(quoted, (one) => (isLetter(one) ? letter : other))
      const last = letters.pop()
      open.parts.push(...letters, ...(last ? [repeated(last)] : []))
    } else if (members !== undefined) open.parts.push(repeated(!negated && isOneLetter(members) ? letter : other))
    else if (escaped !== undefined) open.parts.push(/[bBAz]/.test(escaped) ? empty : repeated(other))
    else if (single === '|') {
      open.branches.push(inRow(open.parts))
      open.parts = []
    } else if (single === ')') {
      groups.pop()
      groups.at(-1)?.parts.push(repeated(closed(open)))
    } else if (single === '^' || single === '$' || /^\(\?[imsU-]+\)$/.test(text)) open.parts.push(empty)
    else if (text.startsWith('(')) groups.push({ branches: [], parts: [] })
    else open.parts.push(repeated(single !== undefined && isLetter(single) ? letter : other))
  }
  return groups.length === 1 ? closed(groups[0] as { branches: Part[]; parts: Part[] }).least : 0
}
