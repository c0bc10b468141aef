/** Compiles the rule for items that end an account's authorisation. */
import type { AuthorisationRemoved } from '../../source.ts'
import type { RemovedRule } from '../language/event-rule.ts'
import { within } from '../language/problem.ts'
import type { Frame, Scope } from '../scope.ts'
import { asText } from '../values/as-text.ts'
import { compileTime } from '../values/time.ts'
import { compileValue } from '../values/values.ts'

const reasonOf = (value: unknown): number | null => {
  const text = asText(value)
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null
}

/** @throws MappingProblem; the compiled function returns null for an item that names no account */
export const compileRemoved = (
  rule: RemovedRule,
  scope: Scope,
): ((frame: Frame, receivedAt: number) => AuthorisationRemoved | null) => {
  const account = within('accountId', () => compileValue(rule.accountId, scope))
  const { reason: value } = rule
  const reason = value === undefined ? () => null : within('reason', () => compileValue(value, scope))
  const time = within('time', () => compileTime(rule.time, scope))
  return (frame, receivedAt) => {
    const accountId = asText(account(frame))
    if (accountId === null) return null
    return { accountId, reason: reasonOf(reason(frame)), occurredAt: time(frame, receivedAt).occurredAt }
  }
}
