/** Rules to closures: which items a delivery has, and what becomes of each. */
import { eventProblemsOf, messageEventSchema } from '../../model/message-event.ts'
import { compileRemoved } from './delivery/removed.ts'
import { compileEvent } from './event/event.ts'
import type { RemovedRule, Rule } from './language/document.ts'
import { type DocumentPosition, within } from './language/problem.ts'
import { type Apply, compileNames, type Yield } from './names.ts'
import type { Became } from './observer.ts'
import { compilePath, type Scope } from './scope.ts'
import { compileOptional } from './values/conditions.ts'

/** Where a rule stands: what it is called in dead letters, and where in the document. */
interface Where {
  readonly source: string
  readonly name: string
  readonly place: DocumentPosition
}

type Settle = (out: Yield, result: Became) => number

const compileSettle =
  ({ name, place }: Where, { observer }: Scope): Settle =>
  (out, result) => {
    if (result.became === 'event') out.events.push(result.event)
    else if (result.became === 'ignored') out.ignored.push(result.reason)
    else out.failed.push({ rule: name, reason: result.reason })
    observer?.took(name, place, result)
    return 1
  }

/** An item that is a message event as it stands: checked like one that a connector posts. */
const compileMessageEvent = (path: string, scope: Scope, where: Where): Apply => {
  const read = within('messageEvent', () => compilePath(path, scope))
  const settle = compileSettle(where, scope)
  return (frame, _receivedAt, out) => {
    const item = read(frame)
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return 0
    const result = messageEventSchema.safeParse({ ...item, source: where.source })
    if (result.success) return settle(out, { became: 'event', event: result.data })
    const reason = eventProblemsOf(result.error).map(({ field, problem }) => `${field}: ${problem}`)
    return settle(out, { became: 'failed', reason: reason.join('; ') })
  }
}

const compileEventRule = (rule: NonNullable<Rule['event']>, scope: Scope, where: Where): Apply => {
  const build = within('event', () => compileEvent(where.source, rule, scope))
  const settle = compileSettle(where, scope)
  return (frame, receivedAt, out) => {
    const built = build(frame, receivedAt)
    if (built.kind === 'event') return settle(out, { became: 'event', event: built.event })
    if (built.kind === 'empty') return settle(out, { became: 'ignored', reason: 'empty' })
    return settle(out, { became: 'failed', reason: built.reason })
  }
}

const compileAction = (rule: Rule, scope: Scope, where: Where): Apply => {
  if (rule.ignore !== undefined) {
    const settle = compileSettle(where, scope)
    const result: Became = { became: 'ignored', reason: rule.ignore }
    if (rule.authorisationRemoved === undefined) return (_frame, _receivedAt, out) => settle(out, result)
    const removed = within('authorisationRemoved', () =>
      compileRemoved(rule.authorisationRemoved as RemovedRule, scope),
    )
    return (frame, receivedAt, out) => {
      const found = removed(frame, receivedAt)
      if (found) out.removed.push(found)
      return settle(out, result)
    }
  }
  if (rule.event !== undefined) return compileEventRule(rule.event, scope, where)
  if (rule.messageEvent !== undefined) return compileMessageEvent(rule.messageEvent, scope, where)
  const inner = compileRules(rule.rules ?? [], rule.choose ?? 'all', scope, {
    ...where,
    place: [...where.place, 'rules'],
  })
  if (rule.otherwise === undefined) return inner
  const settle = compileSettle({ ...where, place: [...where.place, 'otherwise'] }, scope)
  const otherwise: Became = { became: 'ignored', reason: rule.otherwise }
  return (frame, receivedAt, out) => inner(frame, receivedAt, out) || settle(out, otherwise)
}

const compileRule = (rule: Rule, outer: Scope, where: Where): Apply => {
  const { scope, fills, forEach } = compileNames(rule, outer, where.name)
  const holds = compileOptional(rule.when, scope)
  const act = compileAction(rule, scope, where)
  const settle = compileSettle(where, scope)
  const one: Apply = (frame, receivedAt, out) => {
    try {
      for (const fill of fills) fill(frame)
      return holds(frame) ? act(frame, receivedAt, out) : 0
    } catch (error) {
      // Nesting without end, or a fault of ours: it is this item's trouble and nobody else's.
      const reason = error instanceof RangeError ? 'it is nested too deeply' : 'it cannot be read'
      return settle(out, { became: 'failed', reason })
    }
  }
  return forEach(one)
}

/** @throws MappingProblem */
export const compileRules = (rules: readonly Rule[], choose: 'first' | 'all', scope: Scope, where: Where): Apply => {
  const compiled = rules.map((rule, at) => {
    const place = [...where.place, at]
    return within('rules', () =>
      within(at, () => compileRule(rule, scope, { ...where, place, name: rule.name ?? place.join('.') })),
    )
  })
  return (frame, receivedAt, out) => {
    let applied = 0
    for (const apply of compiled) {
      applied += apply(frame, receivedAt, out)
      if (applied > 0 && choose === 'first') break
    }
    return applied
  }
}
