/** Texts with `{path}` in them. */
import { pathSchema } from '../language/expressions.ts'
import { MappingProblem } from '../language/problem.ts'
import { compilePath, type Read, type Scope } from '../scope.ts'
import { asText } from './values.ts'

/** `{a}:{b}` → literals and what stands in braces, in turn, a literal first. @throws MappingProblem */
export const partsOfTemplate = (template: string): string[] => {
  const parts = template.split(/\{([^{}]*)\}/)
  if (parts.some((part, at) => at % 2 === 0 && /[{}]/.test(part)))
    throw new MappingProblem('has a brace without its partner: write {path}')
  return parts
}

/**
 * Absent as soon as one of its paths is: a template with a hole names nothing.
 * @param hole what counts as text in it; ids refuse 0 besides
 */
export const compileTemplate = (
  template: string,
  scope: Scope,
  hole: (value: unknown) => string | null = asText,
): Read => {
  const parts = partsOfTemplate(template)
  const reads = parts.map((part, at) => {
    if (at % 2 === 0) return null
    if (!pathSchema.safeParse(part).success) throw new MappingProblem(`{${part}} is no path such as {message.id}`)
    return compilePath(part, scope)
  })
  return (frame) => {
    let text = ''
    for (let at = 0; at < parts.length; at++) {
      const read = reads[at]
      if (!read) {
        text += parts[at]
        continue
      }
      const value = hole(read(frame))
      if (value === null) return undefined
      text += value
    }
    return text
  }
}
