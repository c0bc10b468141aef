/** Rules to closures: which items a delivery has, and what becomes of each. */
import { type IgnoredReason, type MessageEvent, messageEventSchema, problemsOf } from '../../model/message-event.ts'
import { parseJson } from './body.ts'
import type { Rule } from './document.ts'
import { compileEvent } from './event.ts'
import type { Value } from './expressions.ts'
import { compilePath, type Scope } from './scope.ts'
import { compileCondition, compileValue } from './values.ts'

/** What a delivery has yielded so far. */
export interface Yield {
  readonly events: MessageEvent[]
  readonly ignored: IgnoredReason[]
  readonly failed: { rule: string; reason: string }[]
}

/** Answers whether the rule applied: to how many items. */
type Apply = (scope: Scope, receivedAt: number, out: Yield) => number

/** More items than this in one delivery are an attack, not a batch. */
const maxItems = 10_000

type Expand = (scope: Scope) => readonly Scope[]

const compileEach = (each: Readonly<Record<string, string>>): Expand => {
  const levels = Object.entries(each).map(([name, path]) => {
    const isList = path.endsWith('[]')
    return { name, isList, read: compilePath(isList ? path.slice(0, -2) : path) }
  })
  return (scope) => {
    let scopes: Scope[] = [scope]
    for (const { name, isList, read } of levels) {
      scopes = scopes.flatMap((outer): Scope[] => {
        const value = read(outer)
        if (!isList) return value === undefined || value === null ? [] : [{ ...outer, [name]: value }]
        return Array.isArray(value) ? value.map((item: unknown) => ({ ...outer, [name]: item })) : []
      })
      if (scopes.length > maxItems) scopes.length = maxItems
    }
    return scopes
  }
}

/** A string that holds JSON, or an object already; what does not parse is left undefined. */
const compileJson = (json: Readonly<Record<string, string>>): ((scope: Scope) => Scope) => {
  const reads = Object.entries(json).map(([name, path]) => ({ name, read: compilePath(path) }))
  return (scope) => {
    const added: Record<string, unknown> = {}
    for (const { name, read } of reads) {
      const value = read(scope)
      try {
        added[name] = typeof value === 'string' ? parseJson(value) : value
      } catch {
        added[name] = undefined
      }
    }
    return { ...scope, ...added }
  }
}

const compileLet = (names: Readonly<Record<string, Value>>): ((scope: Scope) => Scope) => {
  const reads = Object.entries(names).map(([name, value]) => ({ name, read: compileValue(value) }))
  return (scope) => {
    const full: Record<string, unknown> = { ...scope }
    for (const { name, read } of reads) full[name] = read(full)
    return full
  }
}

/** An item that is a message event as it stands: checked like one that a connector posts. */
const compileMessageEvent = (source: string, path: string, place: string): Apply => {
  const read = compilePath(path)
  return (scope, _receivedAt, out) => {
    const item = read(scope)
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return 0
    const result = messageEventSchema.safeParse({ ...item, source })
    if (result.success) out.events.push(result.data)
    else {
      const reason = problemsOf(result.error).map(({ field, problem }) => `${field}: ${problem}`)
      out.failed.push({ rule: place, reason: reason.join('; ') })
    }
    return 1
  }
}

export const compileRules = (source: string, rules: readonly Rule[], choose: 'first' | 'all', place: string): Apply => {
  const compiled = rules.map((rule, at) => compileRule(source, rule, rule.name ?? `${place}.${at}`))
  return (scope, receivedAt, out) => {
    let applied = 0
    for (const apply of compiled) {
      applied += apply(scope, receivedAt, out)
      if (applied > 0 && choose === 'first') break
    }
    return applied
  }
}

const compileAction = (source: string, rule: Rule, place: string): Apply => {
  if (rule.ignore !== undefined) {
    const reason = rule.ignore
    return (_scope, _receivedAt, out) => {
      out.ignored.push(reason)
      return 1
    }
  }
  if (rule.event !== undefined) {
    const build = compileEvent(source, rule.event)
    return (scope, receivedAt, out) => {
      const built = build(scope, receivedAt)
      if (built.kind === 'event') out.events.push(built.event)
      else if (built.kind === 'empty') out.ignored.push('empty')
      else out.failed.push({ rule: place, reason: built.reason })
      return 1
    }
  }
  if (rule.messageEvent !== undefined) return compileMessageEvent(source, rule.messageEvent, place)
  const inner = compileRules(source, rule.rules ?? [], rule.choose ?? 'all', place)
  const { otherwise } = rule
  return (scope, receivedAt, out) => {
    const applied = inner(scope, receivedAt, out)
    if (applied > 0 || otherwise === undefined) return applied
    out.ignored.push(otherwise)
    return 1
  }
}

const compileRule = (source: string, rule: Rule, place: string): Apply => {
  const expand: Expand = rule.each ? compileEach(rule.each) : (scope) => [scope]
  const unwrap = rule.json ? compileJson(rule.json) : (scope: Scope) => scope
  const name = rule.let ? compileLet(rule.let) : (scope: Scope) => scope
  const holds = rule.when ? compileCondition(rule.when) : () => true
  const act = compileAction(source, rule, place)
  return (scope, receivedAt, out) => {
    let applied = 0
    for (const item of expand(scope)) {
      const full = name(unwrap(item))
      if (holds(full)) applied += act(full, receivedAt, out)
    }
    return applied
  }
}
