/** Compiles conditions of the mapping language to closures. */
import type { ConditionElement, Value } from '../language/expressions.ts'
import { within, withinEach } from '../language/problem.ts'
import { type Frame, isAbsent, type Read, type Scope } from '../scope.ts'
import { asText } from './as-text.ts'

export type Holds = (frame: Frame) => boolean

const kinds: Record<string, (value: unknown) => boolean> = {
  list: (value) => Array.isArray(value),
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  digits: (value) => /^\d+$/.test(asText(value) ?? ''),
  // Some sources write every value as text.
  flag: (value) => value === true || value === 1 || (typeof value === 'string' && /^(?:true|1)$/i.test(value)),
}

/**
 * Values contain conditions and conditions contain values; the parameter keeps this file from importing `values.ts`.
 * @param compileValue compiles the values inside a condition
 * @returns a compiler that throws MappingProblem
 */
export const conditionCompiler = (compileValue: (value: Value, scope: Scope) => Read) => {
  const compileCondition = (condition: ConditionElement, scope: Scope): Holds => {
    if ('all' in condition) {
      const all = withinEach('all', condition.all, (part) => compileCondition(part, scope))
      return (frame) => {
        for (const holds of all) if (!holds(frame)) return false
        return true
      }
    }
    if ('any' in condition) {
      const any = withinEach('any', condition.any, (part) => compileCondition(part, scope))
      return (frame) => {
        for (const holds of any) if (holds(frame)) return true
        return false
      }
    }
    if ('not' in condition) {
      const holds = within('not', () => compileCondition(condition.not, scope))
      return (frame) => !holds(frame)
    }
    const read = within('value', () => compileValue(condition.value, scope))
    if ('equals' in condition) {
      const { equals } = condition
      return (frame) => read(frame) === equals
    }
    if ('in' in condition) {
      const set = new Set<unknown>(condition.in)
      return (frame) => set.has(read(frame))
    }
    if ('exists' in condition) {
      const { exists } = condition
      return (frame) => isAbsent(read(frame)) !== exists
    }
    if ('is' in condition) {
      const fits = kinds[condition.is] as (value: unknown) => boolean
      return (frame) => fits(read(frame))
    }
    if ('same' in condition) {
      const other = within('same', () => compileValue(condition.same, scope))
      return (frame) => {
        const value = asText(read(frame))
        return value !== null && value === asText(other(frame))
      }
    }
    const fits =
      'prefix' in condition
        ? (text: string) => text.startsWith(condition.prefix)
        : 'suffix' in condition
          ? (text: string) => text.endsWith(condition.suffix)
          : (text: string) => text.includes(condition.contains)
    return (frame) => {
      const value = read(frame)
      return typeof value === 'string' && fits(value)
    }
  }
  return compileCondition
}
