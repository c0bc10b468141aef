/** Compiles attachments: the kinds of things that a message carries, from a type and a map. */
import type { AttachmentKind } from '../../../model/message-event.ts'
import type { EventRule } from '../language/event-rule.ts'
import type { Value } from '../language/expressions.ts'
import { within } from '../language/problem.ts'
import { compileKeys, compilePath, type Frame, isAbsent, type Scope } from '../scope.ts'
import { asKey } from '../values/as-text.ts'
import { compileOptional, compileValue } from '../values/values.ts'

/** More than any real message carries. A hostile list of ten thousand would make the record too large. */
const maxAttachments = 100

type Add = (frame: Frame, found: AttachmentKind[]) => void

/** The type of a list element: by a path inside it, or by a value in which the element is `item`. */
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
    const mapped = key === null ? undefined : map.get(key)
    // null in the map: items of this type are not attachments.
    const kind = mapped === undefined ? otherwise : mapped
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
