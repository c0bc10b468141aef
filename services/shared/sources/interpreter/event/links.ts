/** Compiles the links that a message carries outside its text. */
import { maxLinks } from '../../../model/message-event.ts'
import type { EventRule } from '../language/event-rule.ts'
import { within, withinEach } from '../language/problem.ts'
import { compilePath, type Frame, type Scope } from '../scope.ts'
import { asText } from '../values/as-text.ts'
import { compileOptional, compileValue } from '../values/values.ts'

/** In characters. Longer links are not real, and ten of them would make a record too large. */
const maxLength = 16_384
/** List elements that are looked at; a real message has a few. */
const maxItems = 1_000

type Add = (frame: Frame, found: string[]) => void

const add = (value: unknown, found: string[]) => {
  const link = asText(value)
  if (link !== null && link.length <= maxLength && found.length < maxLinks && !found.includes(link)) found.push(link)
}

const compileOne = (rule: EventRule['links'][number], outer: Scope): Add => {
  if (typeof rule === 'string' || !('each' in rule)) {
    const read = compileValue(rule, outer)
    return (frame, found) => add(read(frame), found)
  }
  const list = within('each', () => compilePath(rule.each, outer))
  const { scope, slot } = outer.with('item')
  const read = within('link', () => compileValue(rule.link, scope))
  const holds = compileOptional(rule.when, scope)
  const { observer } = outer
  return (frame, found) => {
    const items = list(frame)
    if (!Array.isArray(items)) return
    for (let at = 0; at < items.length && at < maxItems && found.length < maxLinks; at++) {
      observer?.read(items, String(at))
      frame[slot] = items[at]
      if (holds(frame)) add(read(frame), found)
    }
  }
}

/** Each link once, in the order of the rules. @throws MappingProblem */
export const compileLinks = (rules: EventRule['links'], scope: Scope): ((frame: Frame) => string[]) => {
  const compiled = withinEach('links', rules, (rule) => compileOne(rule, scope))
  return (frame) => {
    const found: string[] = []
    for (const collect of compiled) collect(frame, found)
    return found
  }
}
