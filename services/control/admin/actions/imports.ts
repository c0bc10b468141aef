/** Imports of keyword lists and rule sets: a dry run with every problem and warning on its line, and what would change. */
import { z } from 'zod'
import { Evaluation, messageIn } from '../../../keywords/evaluation/evaluate.ts'
import { diffLists } from '../../../keywords/lists/diff.ts'
import { compileKeywords } from '../../../keywords/matching/matcher.ts'
import { diffRules } from '../../../keywords/rules/diff-rules.ts'
import { defaultVersionedId } from '../../../keywords/versions/selection.ts'
import { keywordAddresses, keywordFolds } from '../../../shared/model/keyword-list.ts'
import { EventInvalid, tryRules } from '../../../tools/versions/try-rules.ts'
import { hasRole } from '../../access/authenticator.ts'
import { ControlProblem, json } from '../../http/answer.ts'
import { readJson } from '../../http/request.ts'
import type { ReadFile, VersionChanges } from '../../versions/version-changes.ts'
import { requireAllTenants } from '../console-endpoints.ts'
import type { AdminCall, Endpoint } from '../handlers.ts'
import { parsedBody } from './parsed-body.ts'

export type ImportWork = Pick<VersionChanges, 'readList' | 'readRuleSet' | 'writeList' | 'writeRuleSet'>

/** In base64 a third longer: a list of 8 MiB fits. */
const maxBodyBytes = 12_582_912
const file = z.base64().min(1)
export const importSchema = z.strictObject({
  file,
  dryRun: z.boolean().default(true),
  shadow: z.boolean().default(true),
  checked: z.boolean().default(false),
  fold: z.enum(keywordFolds).default('exact'),
  addresses: z.enum(keywordAddresses).default('skip'),
})
export const evaluateSchema = z.strictObject({ file, version: z.number().int().min(1).optional() })

interface Difference {
  readonly added: readonly unknown[]
  readonly removed: readonly unknown[]
  readonly changed: readonly unknown[]
  readonly same: number
}

const none: Difference = { added: [], removed: [], changed: [], same: 0 }

const importVersion = async <R extends { readonly version: number }>(
  call: AdminCall,
  {
    read,
    write,
    compare,
  }: {
    read(given: Parameters<ImportWork['readList']>[0]): Promise<ReadFile<R>>
    write(record: R): Promise<number>
    /** Against the newest version there is. */
    compare(record: R): Promise<Difference>
  },
  [noun, action]: readonly [string, string],
) => {
  const { id, principal, audit, request } = call
  requireAllTenants(principal, noun)
  const {
    file: text,
    dryRun,
    shadow,
    checked,
    fold,
    addresses,
  } = parsedBody(importSchema, await readJson(request, maxBodyBytes))
  await audit(dryRun ? `${action}.plan` : `${action}.import`, id)
  if (!dryRun && !shadow && !hasRole(principal, 'admin'))
    throw new ControlProblem(
      403,
      'role',
      'a version that is active at once needs the role admin; import it as a shadow',
    )
  const bytes = Buffer.from(text, 'base64')
  const asked = { id, actor: principal.actor, checked, bytes, shadow, defaults: { fold, addresses } }
  const { problems, warnings, record, isDoubt } = await read(asked)
  if (!dryRun && record === null)
    throw new ControlProblem(422, isDoubt ? 'list_doubtful' : 'file_refused', problems.join('\n'))
  const difference = record === null ? none : await compare(record)
  const facts = { problems, warnings, isDoubt, version: record?.version ?? null, ...difference }
  return record === null || dryRun
    ? json({ ...facts, written: false })
    : json({ ...facts, version: await write(record), written: true })
}

const importList = (call: AdminCall) => {
  const { changes, cache } = call.tools.versions
  return importVersion(
    call,
    {
      read: (given) => changes.readList(given),
      write: (record) => changes.writeList(record),
      compare: async ({ entries }) =>
        diffLists((await cache.read()).keywordLists.versions(call.id).at(-1)?.entries ?? [], entries),
    },
    ['keyword lists', 'keywords'],
  )
}

const importRules = (call: AdminCall) => {
  const { changes, cache } = call.tools.versions
  return importVersion(
    call,
    {
      read: (given) => changes.readRuleSet(given),
      write: (record) => changes.writeRuleSet(record),
      compare: async ({ rules }) =>
        diffRules((await cache.read()).ruleSets.versions(call.id).at(-1)?.rules ?? [], rules),
    },
    ['rule sets', 'rules'],
  )
}

/** Conversations from which on a flag no longer points at single persons, as in `signals keywords evaluate`. */
const leastConversations = 10
/** Lines between two pauses in which other requests are answered. */
const linesAtOnce = 500

/** Counts how often a list would fire over a file of messages. The file is not kept, and the answer holds figures alone. */
const evaluate = async ({ request, id, principal, tools }: AdminCall) => {
  requireAllTenants(principal, 'keyword lists')
  const { file: text, version } = parsedBody(evaluateSchema, await readJson(request, maxBodyBytes))
  const { keywordLists } = await tools.versions.cache.read()
  const list =
    version === undefined ? (keywordLists.active(id) ?? keywordLists.shadow(id)) : keywordLists.atVersion(id, version)
  if (!list) throw new ControlProblem(404, 'version_unknown', `there is no such version of a keyword list ${id}`)
  const evaluation = new Evaluation(list, leastConversations)
  for (const [at, line] of Buffer.from(text, 'base64').toString().split('\n').entries()) {
    if (at % linesAtOnce === linesAtOnce - 1) await new Promise((resolve) => setImmediate(resolve))
    if (line.trim() === '') continue
    try {
      evaluation.add(messageIn(line))
    } catch {
      // The parser's message would quote the text.
      throw new ControlProblem(
        422,
        'file_refused',
        `line ${at + 1}: must be JSON: a text, {"text": …} or a message event`,
      )
    }
  }
  return json({ version: list.version, ...evaluation.figures() })
}

/** Which rules of a version would fire over a file of message events, with the keywords of the default list. The file is not kept. */
const evaluateRules = async ({ request, id, principal, tools }: AdminCall) => {
  requireAllTenants(principal, 'rule sets')
  const { file: text, version } = parsedBody(evaluateSchema, await readJson(request, maxBodyBytes))
  const { keywordLists, ruleSets } = await tools.versions.cache.read()
  const set = version === undefined ? (ruleSets.active(id) ?? ruleSets.shadow(id)) : ruleSets.atVersion(id, version)
  if (!set) throw new ControlProblem(404, 'version_unknown', `there is no such version of a rule set ${id}`)
  const list = keywordLists.active(defaultVersionedId)
  const lines = Buffer.from(text, 'base64').toString().split('\n')
  try {
    const { events, rules } = await tryRules(set.rules, list ? compileKeywords(list.entries) : null, lines)
    return json({ version: set.version, events: events.length, rules })
  } catch (error) {
    throw error instanceof EventInvalid ? new ControlProblem(422, 'file_refused', error.message) : error
  }
}

export const importEndpoints: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
  'keyword-lists/ID/import': {
    POST: { role: 'operator', action: 'keywords.import', auditsItself: true, run: importList },
  },
  'keyword-lists/ID/evaluate': { POST: { role: 'viewer', action: 'keywords.evaluate', run: evaluate } },
  'rule-sets/ID/evaluate': { POST: { role: 'viewer', action: 'rules.evaluate', run: evaluateRules } },
  'rule-sets/ID/import': { POST: { role: 'operator', action: 'rules.import', auditsItself: true, run: importRules } },
}
