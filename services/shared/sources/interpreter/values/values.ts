/** Compiles values of the mapping language to closures, and conditions, which contain values. */
import { hash } from 'node:crypto'
import type { ConditionElement, Value } from '../language/expressions.ts'
import { within, withinEach } from '../language/problem.ts'
import { compileKeys, compilePath, isAbsent, type Read, type Scope } from '../scope.ts'
import { asKey, asText } from './as-text.ts'
import { conditionCompiler, type Holds } from './conditions.ts'
import { finderIn } from './list-finder.ts'
import { proseIn } from './prose.ts'
import { compileTemplate } from './template.ts'
import { compileOnText } from './text-parts.ts'

/**
 * 128 bits of SHA-256 in hex. Each part is prefixed with its length, so that different parts never hash alike.
 * @throws RangeError for a part nested some thousand levels deep
 */
export const digestOf = (parts: readonly unknown[]): string => {
  let all = ''
  for (const part of parts) {
    const text = typeof part === 'object' && part !== null ? JSON.stringify(part) : (asKey(part) ?? '')
    all += `${text.length}:${text}`
  }
  return hash('sha256', all, 'hex').slice(0, 32)
}

const without = (value: unknown, keys: readonly string[]): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  // Not by assignment, which would treat `__proto__` specially.
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)))
}

/** The first value that is not missing. */
export const compileFirst = (
  parts: readonly Value[],
  compile: (part: Value) => Read,
  isMissing: (value: unknown) => boolean = isAbsent,
): Read => {
  const reads = withinEach('first', parts, compile)
  return (frame) => {
    for (const read of reads) {
      const found = read(frame)
      if (!isMissing(found)) return found
    }
    return undefined
  }
}

export const compileCases = (
  { cases, otherwise }: Extract<Value, { cases: unknown }>,
  scope: Scope,
  compile: (part: Value) => Read,
): Read => {
  const compiled = withinEach('cases', cases, ({ when, is }) => ({
    holds: within('when', () => compileCondition(when, scope)),
    read: within('is', () => compile(is)),
  }))
  const last = otherwise === undefined ? undefined : within('otherwise', () => compile(otherwise))
  return (frame) => {
    for (const { holds, read } of compiled) if (holds(frame)) return read(frame)
    return last?.(frame)
  }
}

/** @throws MappingProblem */
export const compileValue = (value: Value, scope: Scope): Read => {
  const compile = (part: Value) => compileValue(part, scope)
  if (typeof value === 'string') return compilePath(value, scope)
  if ('const' in value) return () => value.const
  if ('first' in value) return compileFirst(value.first, compile)
  if ('template' in value) return within('template', () => compileTemplate(value.template, scope))
  if ('cases' in value) return compileCases(value, scope, compile)
  if ('hash' in value) {
    const reads = withinEach('hash', value.hash, compile)
    return (frame) => digestOf(reads.map((read) => read(frame)))
  }
  const read = within('of', () => compile(value.of))
  if ('map' in value) {
    const map = new Map(Object.entries(value.map))
    const otherwise = value.otherwise ?? undefined
    return (frame) => {
      const key = asKey(read(frame))
      return (key === null ? undefined : map.get(key)) ?? otherwise
    }
  }
  if ('without' in value) return (frame) => without(read(frame), value.without)
  if ('key' in value) {
    const { key, take } = value
    const taken = take === undefined ? (found: unknown) => found : compileKeys(take, scope)
    const keyOf = compileKeys(key, scope)
    if ('equals' in value) {
      const { equals } = value
      const find = finderIn(keyOf)
      return (frame) => taken(find(read(frame), equals))
    }
    const other = within('same', () => compile(value.same))
    const find = finderIn((item) => asText(keyOf(item)))
    return (frame) => {
      const wanted = asText(other(frame))
      return wanted === null ? undefined : taken(find(read(frame), wanted))
    }
  }
  if ('prose' in value) {
    const { inline, lines } = value.prose
    return (frame) => proseIn(read(frame), inline, lines)
  }
  const change = compileOnText(value)
  // `of` alone: the value itself.
  if (!change) return read
  return (frame) => {
    const text = asText(read(frame))
    return text === null ? undefined : change(text)
  }
}

/** @throws MappingProblem */
export const compileCondition: (condition: ConditionElement, scope: Scope) => Holds = conditionCompiler(compileValue)

const always: Holds = () => true

/** Without a condition it always holds. @throws MappingProblem */
export const compileOptional = (condition: ConditionElement | undefined, scope: Scope): Holds =>
  condition === undefined ? always : within('when', () => compileCondition(condition, scope))
