/** Which kinds of things a message carries: by a type and a map, from a list or from one place. */
import type { AttachmentKind } from '../../../model/message-event.ts'
import type { EventRule } from '../language/document.ts'
import type { Value } from '../language/expressions.ts'
import { within } from '../language/problem.ts'
import { compileKeys, compilePath, type Frame, isAbsent, type Scope } from '../scope.ts'
import { compileOptional } from '../values/conditions.ts'
import { asKey, compileValue } from '../values/values.ts'

/** Nobody sends more in one message; a list of ten thousand would only make a record too large for its neighbours. */
const maxAttachments = 100

type Add = (frame: Frame, found: AttachmentKind[]) => void

/** What an element of a list is: a path inside it, or a value in which it is called `item`. */
const compileType = (type: string | Value | undefined, outer: Scope): ((item: unknown, frame: Frame) => unknown) => {
  if (type === undefined) return (item) => item
  if (typeof type === 'string') return compileKeys(type, outer)
  const { scope, slot } = outer.with('item')
  const read = compileValue(type, scope)
  return (item, frame) => {
    frame[slot] = item
    return read(frame)
  }
}

const compileOne = (rule: EventRule['attachments'][number], scope: Scope): Add => {
  if ('const' in rule) {
    const holds = compileOptional(rule.when, scope)
    return (frame, found) => {
      if (holds(frame)) found.push(rule.const)
    }
  }
  const map = new Map(Object.entries(rule.map))
  const { otherwise } = rule
  const add = (type: unknown, found: AttachmentKind[]) => {
    if (isAbsent(type)) return
    const key = asKey(type)
    const known = key === null ? undefined : map.get(key)
    // null in the map: this type is no attachment.
    const kind = known === undefined ? otherwise : known
    if (kind !== null && found.length < maxAttachments) found.push(kind)
  }
  if ('each' in rule) {
    const list = within('each', () => compilePath(rule.each, scope))
    const typeOf = within('type', () => compileType(rule.type, scope))
    const { observer } = scope
    return (frame, found) => {
      const items = list(frame)
      if (!Array.isArray(items)) return
      for (const [at, item] of items.entries()) {
        observer?.read(items, String(at))
        add(typeOf(item, frame) ?? 'unknown', found)
      }
    }
  }
  const read = within('of', () => compileValue(rule.of, scope))
  return (frame, found) => add(read(frame), found)
}

/** @throws MappingProblem */
export const compileAttachments = (
  rules: EventRule['attachments'],
  scope: Scope,
): ((frame: Frame) => AttachmentKind[]) => {
  const compiled = rules.map((rule, at) => within(at, () => compileOne(rule, scope)))
  return (frame) => {
    const found: AttachmentKind[] = []
    for (const add of compiled) add(frame, found)
    return found
  }
}
