/** What is wrong in a mapping document, found while it is compiled, and where: keys and positions from the document's root. */
export type DocumentPosition = readonly (string | number)[]

/** The message names the remedy; `place` grows outwards while the error passes through `within`. */
export class MappingProblem extends Error {
  override readonly name = 'MappingProblem'
  readonly place: (string | number)[] = []
}

/** Compiles a part of an element; a problem in it is told with the part's key. */
export const within = <T>(key: string | number, compile: () => T): T => {
  try {
    return compile()
  } catch (error) {
    if (error instanceof MappingProblem) error.place.unshift(key)
    throw error
  }
}

/** The same for each part of a list. */
export const withinEach = <In, Out>(key: string, parts: readonly In[], compile: (part: In) => Out): Out[] =>
  parts.map((part, at) => within(key, () => within(at, () => compile(part))))
