/** Versions of keyword lists and rule sets: what there is, what differs, and which one is active. */
import { explain } from '../../keywords/evaluation/explain.ts'
import { diffLists } from '../../keywords/lists/diff.ts'
import { diffRules } from '../../keywords/rules/diff-rules.ts'
import type { ImportedVersion, VersionArchive } from '../../keywords/versions/version-archive.ts'
import type { UseKind } from '../history/uses.ts'
import { ControlProblem, json } from '../http/answer.ts'
import { readJson } from '../http/request.ts'
import type { VersionCache } from '../versions/version-cache.ts'
import type { VersionChanges } from '../versions/version-changes.ts'
import { type ImportWork, importEndpoints } from './actions/imports.ts'
import { wholeNumber } from './connection-search.ts'
import { requireAllTenants, spanIn } from './console-endpoints.ts'
import type { AdminCall, Endpoint } from './handlers.ts'

export interface VersionWork {
  readonly cache: Pick<VersionCache, 'read'>
  readonly changes: ImportWork & Pick<VersionChanges, 'change'>
}

type Version = ImportedVersion & { readonly copyOf: number | null; readonly author: string | null }

const rowOf = <V extends Version>(archive: VersionArchive<V>, id: string, one: V, size: number) => ({
  ...{ id, version: one.version, size, createdAt: one.createdAt, author: one.author, copyOf: one.copyOf },
  shadow: one.shadow,
  state: archive.active(id) === one ? 'active' : archive.shadow(id) === one ? 'shadow' : 'earlier',
})

const rowsOf = <V extends Version>(archive: VersionArchive<V>, ids: readonly string[], sizeOf: (one: V) => number) =>
  ids.flatMap((id) =>
    archive
      .versions(id)
      .toReversed()
      .map((one) => rowOf(archive, id, one, sizeOf(one))),
  )

/** Default: the newest version and the one before it. @throws ControlProblem 400, 404 */
const compared = <V extends Version>({ id, query }: AdminCall, archive: VersionArchive<V>) => {
  const versions = archive.versions(id)
  const newest = versions.at(-1)
  if (!newest) throw new ControlProblem(404, 'unknown', `there is no ${id} here`)
  const at = (version: number) => {
    const found = archive.atVersion(id, version)
    if (!found) throw new ControlProblem(404, 'version_unknown', `${id} has no version ${version}`)
    return found
  }
  const after = at(wholeNumber(query, 'to', newest.version, 1_000_000_000, 1))
  const earlier = versions.filter(({ version }) => version < after.version).at(-1)
  const before = query.has('from') ? at(wholeNumber(query, 'from', 1, 1_000_000_000, 1)) : earlier
  return { before, after }
}

const lists = async ({ principal, tools }: AdminCall) => {
  requireAllTenants(principal, 'keyword lists')
  const { keywordLists } = await tools.versions.cache.read()
  return json(rowsOf(keywordLists, keywordLists.ids(), ({ entries }) => entries.length))
}

const list = async (call: AdminCall) => {
  requireAllTenants(call.principal, 'keyword lists')
  const { keywordLists: archive } = await call.tools.versions.cache.read()
  const { before, after } = compared(call, archive)
  return json({
    versions: rowsOf(archive, [call.id], ({ entries }) => entries.length),
    ...{ from: before?.version ?? null, to: after.version },
    ...diffLists(before?.entries ?? [], after.entries),
  })
}

const sets = async ({ principal, tools }: AdminCall) => {
  requireAllTenants(principal, 'rule sets')
  const { ruleSets } = await tools.versions.cache.read()
  return json(rowsOf(ruleSets, ruleSets.ids(), ({ rules }) => rules.length))
}

const set = async (call: AdminCall) => {
  requireAllTenants(call.principal, 'rule sets')
  const { ruleSets: archive } = await call.tools.versions.cache.read()
  const { before, after } = compared(call, archive)
  return json({
    versions: rowsOf(archive, [call.id], ({ rules }) => rules.length),
    ...{ from: before?.version ?? null, to: after.version },
    ...diffRules(before?.rules ?? [], after.rules),
  })
}

const change = async (call: AdminCall, kind: 'list' | 'rule set', isPromotion: boolean) => {
  const { request, id, principal, tools } = call
  requireAllTenants(principal, kind === 'list' ? 'keyword lists' : 'rule sets')
  const { to, checked = false } = ((await readJson(request)) ?? {}) as { to?: unknown; checked?: unknown }
  if (typeof checked !== 'boolean') throw new ControlProblem(400, 'checked', 'checked must be true or false')
  if (!isPromotion && (typeof to !== 'number' || !Number.isInteger(to) || to < 1))
    throw new ControlProblem(400, 'to', 'to must be the number of the version to go back to')
  const of = isPromotion ? null : (to as number)
  const version = await tools.versions.changes.change({ id, kind, of, actor: principal.actor, checked })
  return json({ id, version })
}

/** As long as the longest text that is matched. */
const maxTextUnits = 16_384

/** Matches a text against the active version, else the shadow. Nothing of it is kept, and the trail names the list alone. */
const tryText = async ({ request, id, principal, tools }: AdminCall) => {
  requireAllTenants(principal, 'keyword lists')
  const { text } = ((await readJson(request)) ?? {}) as { text?: unknown }
  if (typeof text !== 'string' || text.length > maxTextUnits)
    throw new ControlProblem(400, 'text', `text must be a text of at most ${maxTextUnits} characters`)
  const { keywordLists } = await tools.versions.cache.read()
  const list = keywordLists.active(id) ?? keywordLists.shadow(id)
  if (!list) throw new ControlProblem(404, 'list_unknown', `there is no keyword list ${id}`)
  const { flags, matches, nearMisses } = explain(list.entries, text)
  return json({
    ...{ version: list.version, flags },
    matches: matches.map(({ keyword, flag, match }) => ({ keyword, flag, match })),
    nearMisses: nearMisses.map(({ keyword, flag, reason }) => ({ keyword, flag, reason })),
  })
}

/** What its active version and its shadow hit over time, a day by default. */
const uses = async ({ id, query, principal, tools }: AdminCall, kind: UseKind) => {
  requireAllTenants(principal, kind === 'keyword-lists' ? 'keyword lists' : 'rule sets')
  const { keywordLists, ruleSets } = await tools.versions.cache.read()
  const archive = kind === 'keyword-lists' ? keywordLists : ruleSets
  if (archive.versions(id).length === 0) throw new ControlProblem(404, 'unknown', `there is no ${id} here`)
  const [from, to] = spanIn(query, tools.console.now(), 86_400_000)
  return json(await tools.console.uses(kind, id, from, to))
}

/** By path, as in `endpoints`. A list decides what TikTok learns, so changing it is for administrators. */
export const versionEndpoints: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
  'keyword-lists': { GET: { role: 'viewer', action: 'keywords.list', run: lists } },
  'keyword-lists/ID': { GET: { role: 'viewer', action: 'keywords.show', run: list } },
  'keyword-lists/ID/uses': {
    GET: { role: 'viewer', action: 'keywords.uses', run: (call) => uses(call, 'keyword-lists') },
  },
  'keyword-lists/ID/try': { POST: { role: 'viewer', action: 'keywords.try', run: tryText } },
  'keyword-lists/ID/promote': {
    POST: { role: 'admin', action: 'keywords.promote', run: (call) => change(call, 'list', true) },
  },
  'keyword-lists/ID/rollback': {
    POST: { role: 'admin', action: 'keywords.rollback', run: (call) => change(call, 'list', false) },
  },
  'rule-sets': { GET: { role: 'viewer', action: 'rules.list', run: sets } },
  'rule-sets/ID': { GET: { role: 'viewer', action: 'rules.show', run: set } },
  'rule-sets/ID/uses': { GET: { role: 'viewer', action: 'rules.uses', run: (call) => uses(call, 'rule-sets') } },
  'rule-sets/ID/promote': {
    POST: { role: 'admin', action: 'rules.promote', run: (call) => change(call, 'rule set', true) },
  },
  'rule-sets/ID/rollback': {
    POST: { role: 'admin', action: 'rules.rollback', run: (call) => change(call, 'rule set', false) },
  },
  ...importEndpoints,
}
