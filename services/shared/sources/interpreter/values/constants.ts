/** Compiles elements that must yield one of the contract's constants: a channel, a kind, a sender. */
import type { Value } from '../language/expressions.ts'
import { MappingProblem, within, withinEach } from '../language/problem.ts'
import type { Frame, Scope } from '../scope.ts'
import { asText } from './as-text.ts'
import { compileValue } from './values.ts'

/** Checks the results that the document states; a path may yield anything. @throws MappingProblem */
const checkOutcomes = (value: Value, names: ReadonlySet<string>): void => {
  const check = (found: unknown, ...keys: string[]) => {
    if (found === null || found === undefined || names.has(String(found))) return
    const problem = new MappingProblem(`${String(found)} is none of ${[...names].join(', ')}`)
    problem.position.push(...keys)
    throw problem
  }
  const inner = (part: Value) => checkOutcomes(part, names)
  if (typeof value === 'string') return
  if ('const' in value) check(value.const, 'const')
  else if ('map' in value) {
    for (const [key, found] of Object.entries(value.map)) check(found, 'map', key)
    check(value.otherwise, 'otherwise')
  } else if ('first' in value) withinEach('first', value.first, inner)
  else if ('cases' in value) {
    const { cases, otherwise } = value
    withinEach('cases', cases, ({ is }) => within('is', () => inner(is)))
    if (otherwise !== undefined) within('otherwise', () => inner(otherwise))
  }
}

/** For some delivery, a value yields none of the contract's constants. The message names the element only. */
export class NotInContract extends Error {
  override readonly name = 'NotInContract'
}

/**
 * Compiles a constant of the contract, or a value that yields one.
 * @returns a function that returns null for an absent value, and throws NotInContract for any other text
 * @throws MappingProblem
 */
export const compileConstant = <T extends string>(
  element: string,
  value: T | Value,
  allowed: readonly T[],
  scope: Scope,
): ((frame: Frame) => T | null) => {
  if (typeof value === 'string') return () => value as T
  const names = new Set<string>(allowed)
  checkOutcomes(value, names)
  const read = compileValue(value, scope)
  return (frame) => {
    const found = asText(read(frame))
    if (found !== null && !names.has(found)) throw new NotInContract(`${element} is none of the contract's`)
    return found as T | null
  }
}
