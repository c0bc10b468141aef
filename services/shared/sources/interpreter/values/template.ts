/** Compiles templates: texts with `{path}` in them. */
import { pathSchema } from '../language/expressions.ts'
import { MappingProblem } from '../language/problem.ts'
import { compilePath, type Read, type Scope } from '../scope.ts'
import { asText } from './as-text.ts'

/** Splits `{a}:{b}` into literals and the contents of braces, alternating, a literal first. @throws MappingProblem */
export const partsOfTemplate = (template: string): string[] => {
  const parts = template.split(/\{([^{}]*)\}/)
  if (parts.some((part, at) => at % 2 === 0 && /[{}]/.test(part)))
    throw new MappingProblem('has a brace without its partner: write {path}')
  return parts
}

/**
 * A template is absent if one of its paths is absent.
 * @param textOf converts the value of a path; null: absent. Ids also refuse 0
 */
export const compileTemplate = (
  template: string,
  scope: Scope,
  textOf: (value: unknown) => string | null = asText,
): Read => {
  const parts = partsOfTemplate(template)
  const reads = parts.map((part, at) => {
    if (at % 2 === 0) return null
    if (!pathSchema.safeParse(part).success) throw new MappingProblem(`{${part}} is not a path such as {message.id}`)
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
      const value = textOf(read(frame))
      if (value === null) return undefined
      text += value
    }
    return text
  }
}
