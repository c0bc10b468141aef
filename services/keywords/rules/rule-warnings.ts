/** What is valid in a rule set and probably not meant. For the person who imports it; never a reason to refuse it. */
import type { SignalRule } from '../../shared/model/rules/rule-set.ts'

/**
 * @param flags of the active keyword lists; null: unknown
 * @param lines of the rules in their file; a warning then names them
 * @returns a line for each doubt
 */
export const ruleWarnings = (
  rules: readonly SignalRule[],
  flags: ReadonlySet<string> | null,
  lines: readonly number[] = [],
): readonly string[] =>
  rules.flatMap(({ event, when, unless, value }, at) => {
    const line = lines[at]
    const name = `rule ${at + 1} (${event}${line === undefined ? '' : `, line ${line}`})`
    const unknown = [...when.flags, ...(unless?.flags ?? [])].filter((flag) => flags !== null && !flags.has(flag))
    return [
      ...(unknown.length > 0 ? [`${name}: no active keyword list has the flag ${unknown.join(', ')}`] : []),
      ...(value && when.outcome.length === 0 && when.kind === null
        ? [`${name}: only outcomes and orders have a value, so value: true hands on none`]
        : []),
    ]
  })
