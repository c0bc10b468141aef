/** Compiles rules to closures: which items a delivery contains, and the result of each. */
import { eventProblemsOf, type IgnoredReason } from '../../model/message-event.ts'
import { parseEvent } from '../../model/plain-event.ts'
import { compileRemoved } from './delivery/removed.ts'
import { compileEvent } from './event/event.ts'
import { compileJoins } from './event/joins.ts'
import type { Rule } from './language/document.ts'
import { type DocumentPosition, within } from './language/problem.ts'
import { type Apply, compileNames, type MappingOutput } from './names.ts'
import type { RuleResult } from './observer.ts'
import { compilePath, type Frame, type Scope } from './scope.ts'
import { asText } from './values/as-text.ts'
import { compileOptional, compileValue } from './values/values.ts'

/** Identifies a rule: its name in dead letters and its position in the document. */
interface RuleIdentity {
  readonly source: string
  readonly name: string
  readonly position: DocumentPosition
}

/** Adds an item's result to the output; returns 1, the number of items. */
type AddResult = (out: MappingOutput, result: RuleResult) => number

const compileAddResult =
  ({ name, position }: RuleIdentity, { observer }: Scope): AddResult =>
  (out, result) => {
    if (result.became === 'event') out.events.push(result.event)
    else if (result.became === 'ignored') out.ignored.push(result.reason)
    else out.failed.push({ rule: name, reason: result.reason })
    observer?.applied(name, position, result)
    return 1
  }

/** An item that already is a message event: validated like one that a connector posts. */
const compileMessageEvent = (path: string, scope: Scope, identity: RuleIdentity): Apply => {
  const read = within('messageEvent', () => compilePath(path, scope))
  const add = compileAddResult(identity, scope)
  return (frame, _receivedAt, out) => {
    const item = read(frame)
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return 0
    const result = parseEvent({ ...item, source: identity.source })
    if (result.success) return add(out, { became: 'event', event: result.data })
    const reason = eventProblemsOf(result.error).map(({ field, problem }) => `${field}: ${problem}`)
    return add(out, { became: 'failed', reason: reason.join('; ') })
  }
}

/** Whether the account's connection lists the key of the item; true for a rule without one. */
const compileOutcomeKey = ({ outcomeKey, accountId }: NonNullable<Rule['event']>, scope: Scope) => {
  if (outcomeKey === undefined) return () => true
  const key = within('outcomeKey', () => compileValue(outcomeKey, scope))
  const account = within('accountId', () => compileValue(accountId, scope))
  return (frame: Frame, out: Pick<MappingOutput, 'outcomeKeysOf'>): boolean => {
    const [name, owner] = [asText(key(frame)), asText(account(frame))]
    return name !== null && owner !== null && out.outcomeKeysOf(owner).includes(name)
  }
}

const compileEventRule = (rule: NonNullable<Rule['event']>, scope: Scope, identity: RuleIdentity): Apply => {
  const build = within('event', () => compileEvent(identity.source, rule, scope))
  const isListed = within('event', () => compileOutcomeKey(rule, scope))
  const add = compileAddResult(identity, scope)
  return (frame, receivedAt, out) => {
    if (!isListed(frame, out)) return 0
    const built = build(frame, receivedAt)
    if (built.kind === 'event') return add(out, { became: 'event', event: built.event })
    if (built.kind === 'empty') return add(out, { became: 'ignored', reason: 'empty' })
    return add(out, { became: 'failed', reason: built.reason })
  }
}

const compileIgnore = (rule: Rule, scope: Scope, identity: RuleIdentity): Apply => {
  const add = compileAddResult(identity, scope)
  const result: RuleResult = { became: 'ignored', reason: rule.ignore as IgnoredReason }
  const { authorisationRemoved, joins } = rule
  if (authorisationRemoved === undefined && joins === undefined) return (_frame, _receivedAt, out) => add(out, result)
  const removed =
    authorisationRemoved === undefined
      ? () => null
      : within('authorisationRemoved', () => compileRemoved(authorisationRemoved, scope))
  const joined = joins === undefined ? () => null : within('joins', () => compileJoins(identity.source, joins, scope))
  return (frame, receivedAt, out) => {
    const ended = removed(frame, receivedAt)
    if (ended) out.removed.push(ended)
    const event = joined(frame, receivedAt)
    if (event) out.joined.push(event)
    return add(out, result)
  }
}

const compileAction = (rule: Rule, scope: Scope, identity: RuleIdentity): Apply => {
  if (rule.ignore !== undefined) return compileIgnore(rule, scope, identity)
  if (rule.event !== undefined) return compileEventRule(rule.event, scope, identity)
  if (rule.messageEvent !== undefined) return compileMessageEvent(rule.messageEvent, scope, identity)
  const inner = compileRules(rule.rules ?? [], rule.choose ?? 'all', scope, {
    ...identity,
    position: [...identity.position, 'rules'],
  })
  if (rule.otherwise === undefined) return inner
  const add = compileAddResult({ ...identity, position: [...identity.position, 'otherwise'] }, scope)
  const otherwise: RuleResult = { became: 'ignored', reason: rule.otherwise }
  return (frame, receivedAt, out) => inner(frame, receivedAt, out) || add(out, otherwise)
}

const compileRule = (rule: Rule, outer: Scope, identity: RuleIdentity): Apply => {
  const { scope, fills, forEach } = compileNames(rule, outer, identity.name)
  const holds = compileOptional(rule.when, scope)
  const act = compileAction(rule, scope, identity)
  const add = compileAddResult(identity, scope)
  const one: Apply = (frame, receivedAt, out) => {
    try {
      for (const fill of fills) fill(frame)
      return holds(frame) ? act(frame, receivedAt, out) : 0
    } catch (error) {
      // Endless nesting, or a bug in the interpreter: fails this item only, not its neighbours.
      const reason = error instanceof RangeError ? 'it is nested too deeply' : 'it cannot be read'
      return add(out, { became: 'failed', reason })
    }
  }
  return forEach(one)
}

/** @throws MappingProblem */
export const compileRules = (
  rules: readonly Rule[],
  choose: 'first' | 'all',
  scope: Scope,
  identity: RuleIdentity,
): Apply => {
  const compiled = rules.map((rule, at) => {
    const position = [...identity.position, at]
    return within('rules', () =>
      within(at, () => compileRule(rule, scope, { ...identity, position, name: rule.name ?? position.join('.') })),
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
