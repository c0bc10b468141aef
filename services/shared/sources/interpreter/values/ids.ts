/** Ids of messages. Sources send `0`, `"0"` or `""` for no id, so these are absent, also inside `first`, `cases` and templates. */
import type { Value } from '../language/expressions.ts'
import { within } from '../language/problem.ts'
import type { Read, Scope } from '../scope.ts'
import { asText } from './as-text.ts'
import { compileTemplate } from './template.ts'
import { compileCases, compileFirst, compileValue } from './values.ts'

export const idIn = (value: unknown): string | null => {
  const id = asText(value)
  return id === '0' ? null : id
}

const isNoId = (value: unknown) => idIn(value) === null

/** Like `compileValue`, but skips values that are not ids. @throws MappingProblem */
export const compileId = (value: Value, scope: Scope): Read => {
  const compile = (part: Value) => compileId(part, scope)
  if (typeof value === 'object') {
    if ('first' in value) return compileFirst(value.first, compile, isNoId)
    if ('cases' in value) return compileCases(value, scope, compile)
    if ('template' in value) return within('template', () => compileTemplate(value.template, scope, idIn))
  }
  return compileValue(value, scope)
}
