/** Errors of a mapping document that the compiler finds, with their position: keys and indices from the document's root. */
export type DocumentPosition = readonly (string | number)[]

/** The message names the remedy. `position` grows outwards while the error passes through `within`. */
export class MappingProblem extends Error {
  override readonly name = 'MappingProblem'
  readonly position: (string | number)[] = []
}

/** Compiles a part of an element; adds the part's key to the position of a problem in it. */
export const within = <T>(key: string | number, compile: () => T): T => {
  try {
    return compile()
  } catch (error) {
    if (error instanceof MappingProblem) error.position.unshift(key)
    throw error
  }
}

/** `within` for each part of a list. */
export const withinEach = <In, Out>(key: string, parts: readonly In[], compile: (part: In) => Out): Out[] =>
  parts.map((part, at) => within(key, () => within(at, () => compile(part))))
