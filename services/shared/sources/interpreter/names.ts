/** Compiles the names of a rule: elements of lists (`each`), JSON inside strings (`json`), computed values (`let`). */

import type { IgnoredReason, MessageEvent } from '../../model/message-event.ts'
import type { AuthorisationRemoved } from '../source.ts'
import { parseJson } from './delivery/body.ts'
import type { Rule } from './language/document.ts'
import { within } from './language/problem.ts'
import { compilePath, type Frame, type Scope } from './scope.ts'
import { compileValue } from './values/values.ts'

/** The results of a delivery, filled while rules apply. */
export interface MappingOutput {
  readonly events: MessageEvent[]
  readonly ignored: IgnoredReason[]
  readonly failed: { rule: string; reason: string }[]
  readonly removed: AuthorisationRemoved[]
  readonly joined: MessageEvent[]
  /** Of the connection of an account. */
  outcomeKeysOf(accountId: string): readonly string[]
  /** List elements visited so far. */
  items: number
}

/** Applies a rule. @param receivedAt ms @returns the number of items that the rule applied to */
export type Apply = (frame: Frame, receivedAt: number, out: MappingOutput) => number

/** More than a delivery of a few MB holds. It bounds mappings that iterate one list for each element of another. */
const maxItems = 500_000

const entriesOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).map(([key, one]) => ({ key, value: one }))
    : undefined

/** One name of `each`: the rule applies to every element of a list, to every entry of an object, or to one value. */
const compileLevel = (name: string, path: string, scope: Scope, rule: string) => {
  const isObject = path.endsWith('{}')
  const isList = isObject || path.endsWith('[]')
  const readPath = within(name, () => compilePath(isList ? path.slice(0, -2) : path, scope))
  const read = isObject ? (frame: Frame) => entriesOf(readPath(frame)) : readPath
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

/** One name of `json`: a string that contains JSON, or a value that is already parsed. Broken JSON becomes undefined. */
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
    scope.observer?.parsed(frame[slot])
  }
  return { scope: inner, fill }
}

/**
 * Compiles the names of a rule, outermost first.
 * @param rule name of the rule, for the failure of a delivery with too many items
 * @throws MappingProblem
 */
export const compileNames = (
  { each, json, let: values }: Rule,
  outer: Scope,
  rule: string,
): {
  /** The scope of the rest of the rule. */
  readonly scope: Scope
  /** Fill the frame's slots of `json` and `let`; run first for each item. */
  readonly fills: readonly ((frame: Frame) => void)[]
  /** Turns a rule for one item into a rule for all items of a delivery. */
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
    const parsed = within('json', () => compileJson(name, path, scope))
    fills.push(parsed.fill)
    scope = parsed.scope
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
