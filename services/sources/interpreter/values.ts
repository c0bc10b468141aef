/** Values and conditions of the mapping language, compiled to closures. */
import { hash } from 'node:crypto'
import type { Condition, Value } from './expressions.ts'
import { compilePath, isAbsent, member, type Read, type Scope } from './scope.ts'

/** Ids may be numbers; whoever asks for text gets them as the digits that stood there. */
export const asText = (value: unknown): string | null => {
  if (typeof value === 'string') return value === '' ? null : value
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  return null
}

/** 128 bits of SHA-256 in hex, over parts that cannot run into each other. */
export const digestOf = (parts: readonly unknown[]): string => {
  let text = ''
  for (const part of parts) {
    const own = typeof part === 'object' && part !== null ? JSON.stringify(part) : (asText(part) ?? '')
    text += `${own.length}:${own}`
  }
  return hash('sha256', text, 'hex').slice(0, 32)
}

const compileTemplate = (template: string): Read => {
  const parts = template.split(/\{([^}]*)\}/)
  const reads = parts.map((part, at) => (at % 2 === 1 ? compilePath(part) : null))
  return (scope) => {
    let text = ''
    for (let at = 0; at < parts.length; at++) {
      const read = reads[at]
      if (!read) {
        text += parts[at]
        continue
      }
      const value = asText(read(scope))
      // A template with a hole names nothing.
      if (value === null) return undefined
      text += value
    }
    return text
  }
}

const queryIn = (url: unknown, name: string): string | undefined => {
  if (typeof url !== 'string' || !url.includes('?')) return undefined
  // A landing page may be told as a path alone.
  const base = 'https://path.invalid'
  return URL.canParse(url, base) ? new URL(url, base).searchParams.get(name) || undefined : undefined
}

const percentDecoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const extensionOf = (text: string): string | undefined =>
  /\.([A-Za-z0-9]{1,8})(?:[?#].*)?$/s.exec(text.slice(-1000))?.[1]?.toLowerCase()

const behind = (text: string, separator: string): string | undefined => {
  const at = text.indexOf(separator)
  return at < 0 ? undefined : text.slice(at + separator.length)
}

type OnText = Extract<Value, { of: Value }>

/** What only looks at text: ids that are numbers are text too. */
const compileOnText = (value: OnText): ((text: string) => string | undefined) => {
  if ('stripPrefix' in value) {
    const { stripPrefix } = value
    return (text) => (text.startsWith(stripPrefix) ? text.slice(stripPrefix.length) : text)
  }
  if ('before' in value) return (text) => text.split(value.before, 1)[0]
  if ('after' in value) return (text) => behind(text, value.after)
  return 'decode' in value ? percentDecoded : extensionOf
}

export const compileValue = (value: Value): Read => {
  if (typeof value === 'string') return compilePath(value)
  if ('const' in value) return () => value.const
  if ('first' in value) {
    const reads = value.first.map(compileValue)
    return (scope) => {
      for (const read of reads) {
        const found = read(scope)
        if (!isAbsent(found)) return found
      }
      return undefined
    }
  }
  if ('template' in value) return compileTemplate(value.template)
  if ('cases' in value) {
    const cases = value.cases.map(({ when, is }) => ({ holds: compileCondition(when), read: compileValue(is) }))
    const otherwise = value.otherwise === undefined ? () => undefined : compileValue(value.otherwise)
    return (scope) => (cases.find(({ holds }) => holds(scope))?.read ?? otherwise)(scope)
  }
  if ('hash' in value) {
    const reads = value.hash.map(compileValue)
    return (scope) => digestOf(reads.map((read) => read(scope)))
  }
  const read = compileValue(value.of)
  if ('map' in value) {
    const map = new Map(Object.entries(value.map))
    const otherwise = value.otherwise ?? undefined
    return (scope) => map.get(String(read(scope))) ?? otherwise
  }
  if ('query' in value) return (scope) => queryIn(read(scope), value.query)
  if ('key' in value) {
    const { key, equals, take } = value
    return (scope) => {
      const list = read(scope)
      const found: unknown = Array.isArray(list) ? list.find((item) => member(item, key) === equals) : undefined
      return take === undefined ? found : member(found, take)
    }
  }
  if (Object.keys(value).length === 1) return read
  const change = compileOnText(value)
  return (scope) => {
    const text = asText(read(scope))
    return text === null ? undefined : change(text)
  }
}

export type Holds = (scope: Scope) => boolean

export const compileCondition = (condition: Condition): Holds => {
  if ('all' in condition) {
    const all = condition.all.map(compileCondition)
    return (scope) => all.every((holds) => holds(scope))
  }
  if ('any' in condition) {
    const any = condition.any.map(compileCondition)
    return (scope) => any.some((holds) => holds(scope))
  }
  if ('not' in condition) {
    const holds = compileCondition(condition.not)
    return (scope) => !holds(scope)
  }
  const read = compileValue(condition.value)
  if ('equals' in condition) return (scope) => read(scope) === condition.equals
  if ('in' in condition) {
    const set = new Set<unknown>(condition.in)
    return (scope) => set.has(read(scope))
  }
  if ('prefix' in condition) {
    return (scope) => {
      const value = read(scope)
      return typeof value === 'string' && value.startsWith(condition.prefix)
    }
  }
  if ('suffix' in condition || 'contains' in condition) {
    return (scope) => {
      const value = read(scope)
      if (typeof value !== 'string') return false
      return 'suffix' in condition ? value.endsWith(condition.suffix) : value.includes(condition.contains)
    }
  }
  if ('exists' in condition) return (scope) => !isAbsent(read(scope)) === condition.exists
  if ('is' in condition) {
    const kind = condition.is
    return (scope) => {
      const value = read(scope)
      if (kind === 'list') return Array.isArray(value)
      if (kind === 'string') return typeof value === 'string'
      if (kind === 'digits') return /^\d+$/.test(asText(value) ?? '')
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    }
  }
  const other = compileValue(condition.same)
  return (scope) => {
    const value = asText(read(scope))
    return value !== null && value === asText(other(scope))
  }
}
