/** `signals rules import | list | show | diff | rollback | promote`: versions of rule sets; version numbers only grow. */
import { readLists } from '../../../keywords/lists/store.ts'
import { KeywordArchive } from '../../../keywords/lists/versions.ts'
import { RuleSets } from '../../../keywords/rules/active-rule-sets.ts'
import { diffRules } from '../../../keywords/rules/diff-rules.ts'
import { ruleDocument, ruleSetDocument } from '../../../keywords/rules/rule-set-document.ts'
import { parseRuleSet, RuleSetInvalid } from '../../../keywords/rules/rule-set-file.ts'
import { ruleWarnings } from '../../../keywords/rules/rule-warnings.ts'
import { readRuleSets } from '../../../keywords/rules/store.ts'
import { missingIds } from '../../../keywords/versions/missing.ts'
import { defaultVersionedId, versionedIdForm } from '../../../keywords/versions/selection.ts'
import { readConnections } from '../../../shared/connections/store.ts'
import type { RuleSetRecord, SignalRule } from '../../../shared/model/rules/rule-set.ts'
import { activeFlagsOf, newRuleSet } from '../../../tools/versions/new-rule-set.ts'
import { VersionRefused } from '../../../tools/versions/version-refused.ts'
import { actor } from '../../actor.ts'
import { type CliContext, withContext } from '../../context.ts'
import { Refused, UsageError } from '../../exit.ts'
import { textIn } from '../../input-file.ts'
import { notify, print, printJson } from '../../output.ts'
import {
  compared,
  headOf,
  printRows,
  promotable,
  publishVersion,
  type VersionKind,
  versionIn,
  versionRows,
  versionText,
} from '../../versions/versions.ts'

export interface RulesOutput {
  json?: boolean
}

const ruleSets: VersionKind<'ruleSets'> = {
  topic: 'ruleSets',
  command: 'rules',
  noun: 'rule set',
  idOf: ({ ruleSetId }) => ruleSetId,
  sizeOf: ({ rules }) => `${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`,
  smaller: 'name fewer outcomes, or split the set, for example by market',
}

/** Parses a file of rules. @throws UsageError with every problem, by line */
export const rulesInFile = async (file: string) => {
  const text = await textIn(file, 'rule set')
  try {
    return parseRuleSet(text)
  } catch (error) {
    if (error instanceof RuleSetInvalid)
      throw new UsageError(`the rule set is refused, the active version stays:\n${error.message}`)
    throw error
  }
}

const setsOf = async (context: CliContext): Promise<RuleSets> =>
  new RuleSets(await readRuleSets(context.broker(), await context.codec()))

const activeFlags = async (context: CliContext): Promise<ReadonlySet<string>> =>
  activeFlagsOf(new KeywordArchive(await readLists(context.broker(), await context.codec())))

/** @throws Refused */
const authored = (made: Omit<RuleSetRecord, 'createdAt' | 'author'>, { env }: CliContext): RuleSetRecord => {
  try {
    return newRuleSet(made, { author: actor(), now: Date.now() }, env.TIKTOK_WIRE_PROFILE)
  } catch (error) {
    if (!(error instanceof VersionRefused)) throw error
    throw new Refused(`the rule set is refused, the active version stays: ${error.message}`)
  }
}

/** Writes a version and waits until it is active in every stage. @throws Refused */
const write = async (
  context: CliContext,
  action: 'import' | 'promote' | 'rollback',
  made: Omit<RuleSetRecord, 'createdAt' | 'author'>,
  { json }: RulesOutput,
  lines: readonly number[] = [],
) => {
  const record = authored(made, context)
  const warnings = ruleWarnings(record.rules, await activeFlags(context), lines)
  for (const warning of warnings) notify(`warning: ${warning}`)
  const behind = await publishVersion(ruleSets, context, action, record)
  const { ruleSetId, version, rules, shadow, copyOf } = record
  if (json)
    return printJson({ ruleSetId, version, rules: rules.length, shadow, copyOf, notYetInForce: behind, warnings })
  print(versionText(ruleSets, record, behind))
}

export interface ImportRulesOptions extends RulesOutput {
  ruleSet?: string
  shadow?: boolean
}

export const importRules = (file: string, options: ImportRulesOptions) =>
  withContext(async (context) => {
    const input = await rulesInFile(file)
    const ruleSetId = options.ruleSet ?? input.ruleSetId ?? defaultVersionedId
    if (!versionedIdForm.test(ruleSetId)) throw new UsageError('--rule-set must be 1 to 64 of letters, digits and ._-')
    const version = (await setsOf(context)).nextVersion(ruleSetId)
    const shadow = options.shadow ?? input.shadow
    await write(
      context,
      'import',
      { ruleSetId, version, rules: input.rules, shadow, copyOf: null },
      options,
      input.lines,
    )
  })

/** Writes the rules of an older version as a new one. No version changes, so a replay finds the version of any time. */
const activate = (
  context: CliContext,
  action: 'promote' | 'rollback',
  sets: RuleSets,
  of: RuleSetRecord,
  options: RulesOutput,
) => {
  const { ruleSetId, rules, version } = of
  const made = { ruleSetId, rules, version: sets.nextVersion(ruleSetId), shadow: false, copyOf: version }
  return write(context, action, made, options)
}

export const rollbackRules = (ruleSetId: string, options: RulesOutput & { to: string }) =>
  withContext(async (context) => {
    const sets = await setsOf(context)
    await activate(context, 'rollback', sets, versionIn(ruleSets, sets, ruleSetId, options.to), options)
  })

export const promoteRules = (ruleSetId: string, options: RulesOutput) =>
  withContext(async (context) => {
    const sets = await setsOf(context)
    await activate(context, 'promote', sets, promotable(ruleSets, sets, ruleSetId, '--rule-set'), options)
  })

export const listRuleSets = ({ json }: RulesOutput) =>
  withContext(async (context) => {
    const sets = await setsOf(context)
    const rows = versionRows<'ruleSets'>(sets)
    if (json)
      return printJson(rows.map(({ id, record, facts }) => ({ ruleSetId: id, ...facts, rules: record.rules.length })))
    printRows(ruleSets, rows)
    const connections = (await readConnections(context.broker(), await context.codec())).all()
    for (const { connectionId, id } of missingIds(connections, (connection) => sets.missingOf(connection)))
      print(`connection ${connectionId} names the rule set ${id}, which does not exist: none of its rules fires`)
  })

const line = (rule: SignalRule) => JSON.stringify(ruleDocument(rule))

export const showRules = (ruleSetId: string, { json, version }: RulesOutput & { version?: string }) =>
  withContext(async (context) => {
    const sets = await setsOf(context)
    const record = versionIn(ruleSets, sets, ruleSetId, version)
    if (json) return printJson({ ...ruleSetDocument(record), inForce: sets.active(ruleSetId) === record })
    print(headOf(sets, ruleSetId, record))
    for (const [at, rule] of record.rules.entries()) print(`  ${at + 1}. ${line(rule)}`)
  })

/** Default: the newest version and its predecessor; with `from` alone: that version and the newest. */
export const diffRuleSets = (
  ruleSetId: string,
  from: string | undefined,
  to: string | undefined,
  { json }: RulesOutput,
) =>
  withContext(async (context) => {
    const { before, after } = compared(ruleSets, await setsOf(context), ruleSetId, [from, to])
    const { added, removed, changed, same, reordered } = diffRules(before?.rules ?? [], after.rules)
    if (json)
      return printJson({
        ...{ ruleSetId, from: before?.version ?? null, to: after.version, same, reordered },
        added: added.map(ruleDocument),
        removed: removed.map(ruleDocument),
        changed: changed.map((pair) => ({ before: ruleDocument(pair.before), after: ruleDocument(pair.after) })),
      })
    print(`${ruleSetId}: version ${before?.version ?? 'none'} against ${after.version}`)
    for (const rule of removed) print(`- ${line(rule)}`)
    for (const rule of added) print(`+ ${line(rule)}`)
    for (const pair of changed) print(`~ ${line(pair.before)}  ⇒  ${line(pair.after)}`)
    const order = reordered ? '; in another order, which decides which rule fires first' : ''
    print(`${added.length} added, ${removed.length} removed, ${changed.length} changed, ${same} the same${order}`)
  })
