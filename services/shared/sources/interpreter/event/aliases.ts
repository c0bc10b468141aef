/** Compiles the other ids of a conversation. */
import type { Value } from '../language/expressions.ts'
import { withinEach } from '../language/problem.ts'
import type { Frame, Scope } from '../scope.ts'
import { asText } from '../values/as-text.ts'
import { compileValue } from '../values/values.ts'

/** A real person has two or three ids. */
const maxAliases = 20

/** The ids that are present, each once. @param maxLength in characters; longer ones are left out. @throws MappingProblem */
export const compileAliases = (
  values: readonly Value[],
  scope: Scope,
  maxLength: number,
): ((frame: Frame) => string[]) => {
  const reads = withinEach('aliases', values, (value) => compileValue(value, scope))
  return (frame) => {
    const found: string[] = []
    for (const read of reads) {
      const id = asText(read(frame))
      if (id === null || id.length > maxLength || found.length >= maxAliases || found.includes(id)) continue
      found.push(id)
    }
    return found
  }
}
