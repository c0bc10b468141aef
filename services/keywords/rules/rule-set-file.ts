/** Parses rule sets from JSON or YAML files. One problem refuses the whole set; each names its line and the remedy. */

import type { z } from 'zod'
import type { SignalRule } from '../../shared/model/rules/rule-set.ts'
import { type Lines, MappingInvalid, parseLines } from '../../shared/sources/problems.ts'
import { plainIssue } from '../../shared/text/plain-issue.ts'
import { neverFires, type RuleProblem } from './never-fires.ts'
import { maxRules, ruleSchema, ruleSetSchema } from './rule-set-document.ts'

export interface RuleSetInput {
  /** null: the default set. */
  readonly ruleSetId: string | null
  readonly rules: readonly SignalRule[]
  /** Of each rule, from 1. */
  readonly lines: readonly number[]
  /** The file asks for a version that only counts. */
  readonly shadow: boolean
}

/** UTF-16 units. The largest set within the limits, with names in three-byte scripts, is smaller. */
const maxLength = 1_048_576
const shownProblems = 50

/** What is wrong with a rule set, a line of text per problem. It quotes field names only: names of outcomes are the advertiser's words. */
export class RuleSetInvalid extends Error {
  override readonly name = 'RuleSetInvalid'
  constructor(problems: readonly { readonly line: number; readonly path: string; readonly message: string }[]) {
    const more = problems.length > shownProblems ? `\n… and ${problems.length - shownProblems} more` : ''
    const lines = problems
      .slice(0, shownProblems)
      .map(({ line, path, message }) => `line ${line}: ${path === '' ? '' : `${path} `}${message}`)
    super(`${lines.join('\n')}${more}`)
  }
}

type Issue = z.core.$ZodIssue
type Position = readonly (string | number)[]

const refused = (lines: Lines, problems: readonly { position: Position; message: string }[]) =>
  new RuleSetInvalid(
    problems.map(({ position, message }) => ({ line: lines.lineOf(position), path: position.join('.'), message })),
  )

const fieldsOfRule = 'event, when, unless, count, value, report'
const fieldsAt = (path: Position): string => {
  if (path.length === 0) return 'ruleSetId, rules, shadow'
  if (path.length === 2) return fieldsOfRule
  return path.at(-1) === 'count' ? 'onceInHours' : 'outcome, flags, kind, inboundMessages'
}

const problemsOf = (issue: Issue): { position: Position; message: string }[] => {
  const path = issue.path as Position
  if (issue.code === 'invalid_union') {
    // The author meant the object whose field is wrong.
    const inner = issue.errors.find((issues) => issues.some((one) => one.path.length > 0)) ?? []
    if (inner.length > 0) return inner.flatMap((one) => problemsOf({ ...one, path: [...issue.path, ...one.path] }))
  }
  if (issue.code !== 'unrecognized_keys') return [{ position: path, message: issue.message }]
  return issue.keys.map((key) => ({
    position: [...path, key],
    message: `is no known field; there are ${fieldsAt(path)}`,
  }))
}

/** YAML takes JSON, but no tabs at the start of a line. */
const withoutTabs = (text: string) =>
  /^\s*\{/.test(text) ? text.replace(/^\t+/gm, (tabs) => ' '.repeat(tabs.length)) : text

const linesOf = (text: string): Lines => {
  try {
    return parseLines(withoutTabs(text), '')
  } catch (error) {
    if (!(error instanceof MappingInvalid)) throw error
    throw new RuleSetInvalid(
      error.problems.map((one) => ({
        ...one,
        message: one.message.replace('is not YAML', 'is neither JSON nor YAML'),
      })),
    )
  }
}

const atRule = ({ rule, field, message }: RuleProblem) => ({ position: ['rules', rule, field], message })

/** The rules of a refused file; null: one with a problem of its own. */
const soundRulesIn = (document: unknown): readonly (SignalRule | null)[] => {
  const given = (document as { readonly rules?: unknown } | null)?.rules
  return Array.isArray(given)
    ? given.slice(0, maxRules).map((rule: unknown) => ruleSchema.safeParse(rule).data ?? null)
    : []
}

/** @throws RuleSetInvalid with every problem, by line */
export const parseRuleSet = (text: string): RuleSetInput => {
  if (text.length > maxLength)
    throw new RuleSetInvalid([{ line: 1, path: '', message: `the file is longer than ${maxLength} characters` }])
  const lines = linesOf(text.replace(/^\ufeff/, ''))
  const result = ruleSetSchema.safeParse(lines.value, { error: plainIssue })
  if (!result.success)
    throw refused(
      lines,
      [...result.error.issues.flatMap(problemsOf), ...neverFires(soundRulesIn(lines.value)).map(atRule)].sort(
        (a, b) => lines.lineOf(a.position) - lines.lineOf(b.position),
      ),
    )
  const { ruleSetId, rules, shadow } = result.data
  const problems = neverFires(rules)
  if (problems.length > 0) throw refused(lines, problems.map(atRule))
  return { ruleSetId: ruleSetId ?? null, rules, lines: rules.map((_, at) => lines.lineOf(['rules', at])), shadow }
}
