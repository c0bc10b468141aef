/** How a rule takes a delivery apart and names the parts: elements of lists, JSON inside strings, computed values. */

import type { IgnoredReason, MessageEvent } from '../../model/message-event.ts'
import type { AuthorisationRemoved } from '../source.ts'
import { parseJson } from './delivery/body.ts'
import type { Rule } from './language/document.ts'
import { within } from './language/problem.ts'
import { compilePath, type Frame, type Scope } from './scope.ts'
import { compileValue } from './values/values.ts'

/** What a delivery has yielded so far. */
export interface Yield {
  readonly events: MessageEvent[]
  readonly ignored: IgnoredReason[]
  readonly failed: { rule: string; reason: string }[]
  readonly removed: AuthorisationRemoved[]
  /** Elements of lists that were looked at. */
  items: number
}

/** Answers to how many items the rule applied. */
export type Apply = (frame: Frame, receivedAt: number, out: Yield) => number

/** No delivery of a few MB has more; a mapping that goes through one list inside another must not hold the process. */
const maxItems = 500_000

/** One name for each element of a list, or for one value: the rule is applied to each. */
const compileLevel = (name: string, path: string, scope: Scope, rule: string) => {
  const isList = path.endsWith('[]')
  const read = within(name, () => compilePath(isList ? path.slice(0, -2) : path, scope))
  const { scope: inner, slot } = scope.with(name)
  const { observer } = scope
  const wrap = (apply: Apply): Apply => {
    if (!isList) {
      return (frame, receivedAt, out) => {
        const value = read(frame)
        if (value === undefined || value === null) return 0
        frame[slot] = value
        return apply(frame, receivedAt, out)
      }
    }
    return (frame, receivedAt, out) => {
      const list = read(frame)
      if (!Array.isArray(list)) return 0
      let applied = 0
      for (let at = 0; at < list.length; at++) {
        if (out.items++ >= maxItems) {
          if (out.items === maxItems + 1) out.failed.push({ rule, reason: `more than ${maxItems} items` })
          break
        }
        frame[slot] = list[at]
        observer?.enter(list, at)
        applied += apply(frame, receivedAt, out)
        observer?.leave()
      }
      return applied
    }
  }
  return { scope: inner, wrap }
}

/** A string that holds JSON, or an object already; what does not parse is left undefined. */
const compileJson = (name: string, path: string, scope: Scope) => {
  const read = within(name, () => compilePath(path, scope))
  const { scope: inner, slot } = scope.with(name)
  const fill = (frame: Frame) => {
    const value = read(frame)
    if (typeof value !== 'string') {
      frame[slot] = value
      return
    }
    try {
      frame[slot] = parseJson(value)
    } catch {
      frame[slot] = undefined
    }
    scope.observer?.unwrapped(frame[slot])
  }
  return { scope: inner, fill }
}

/**
 * What a rule names, outermost first.
 * @param rule what the rule is called, for a delivery with too many items
 * @throws MappingProblem
 */
export const compileNames = (
  { each, json, let: values }: Rule,
  outer: Scope,
  rule: string,
): {
  /** In which the rest of the rule is compiled. */
  readonly scope: Scope
  /** For each item, before anything else. */
  readonly fills: readonly ((frame: Frame) => void)[]
  /** Applies to each item what is written for one. */
  forEach(one: Apply): Apply
} => {
  let scope = outer
  const levels = Object.entries(each ?? {}).map(([name, path]) => {
    const level = within('each', () => compileLevel(name, path, scope, rule))
    scope = level.scope
    return level
  })
  const fills: ((frame: Frame) => void)[] = []
  for (const [name, path] of Object.entries(json ?? {})) {
    const opened = within('json', () => compileJson(name, path, scope))
    fills.push(opened.fill)
    scope = opened.scope
  }
  for (const [name, value] of Object.entries(values ?? {})) {
    const read = within('let', () => within(name, () => compileValue(value, scope)))
    const { scope: inner, slot } = scope.with(name)
    fills.push((frame) => {
      frame[slot] = read(frame)
    })
    scope = inner
  }
  return { scope, fills, forEach: (one) => levels.reduceRight((apply, { wrap }) => wrap(apply), one) }
}
