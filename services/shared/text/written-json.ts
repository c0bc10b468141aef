/** Parses JSON that a person wrote: a refusal names the place, and quotes nothing, as the text may hold secrets. */

/** The text is no JSON. The message names line and column, and what to look for. */
export class NotJson extends Error {
  override readonly name = 'NotJson'
}

/** V8 names the place of most errors. An end that comes too early has none. */
const placeIn = (message: string): string | null => {
  const found = /\(line (\d+) column (\d+)\)/.exec(message)
  return found ? `line ${found[1]}, column ${found[2]}` : null
}

/** @throws NotJson; the message follows the name of what was parsed: `is empty` */
export const parseWrittenJson = (text: string): unknown => {
  const plain = text.replace(/^\ufeff/, '')
  try {
    return JSON.parse(plain)
  } catch (error) {
    if (plain.trim() === '') throw new NotJson('is empty')
    const place = placeIn((error as Error).message) ?? `line ${plain.trimEnd().split('\n').length}, at its end`
    throw new NotJson(`is not JSON: look at ${place}, for a comma, quote or bracket too many or too few`)
  }
}
