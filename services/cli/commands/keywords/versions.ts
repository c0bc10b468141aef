/** `signals keywords import | list | show | diff | rollback | promote`: versions of lists; version numbers only grow. */

import { keywordListFields } from '../../../keywords/config.ts'
import { listKey } from '../../../keywords/lists/active-lists.ts'
import { diffLists } from '../../../keywords/lists/diff.ts'
import { judgeList } from '../../../keywords/lists/limits.ts'
import { KeywordListInvalid, type ListDefaults, listIdSchema } from '../../../keywords/lists/list.ts'
import { decodeListFile } from '../../../keywords/lists/list-encoding.ts'
import { parseKeywordList } from '../../../keywords/lists/list-file.ts'
import { defaultListId } from '../../../keywords/lists/selection.ts'
import { readLists, writeList } from '../../../keywords/lists/store.ts'
import { KeywordArchive } from '../../../keywords/lists/versions.ts'
import { listWarnings } from '../../../keywords/lists/warnings.ts'
import { loadConfig } from '../../../runtime/config.ts'
import { RecordTooLarge } from '../../../runtime/ports.ts'
import type { KeywordEntry, KeywordListRecord } from '../../../shared/model/keyword-list.ts'
import { actor } from '../../actor.ts'
import { audited } from '../../audit.ts'
import { type CliContext, withContext } from '../../context.ts'
import { Refused, UsageError } from '../../exit.ts'
import { bytesIn } from '../../input-file.ts'
import { notify, print, printJson, table } from '../../output.ts'
import { waitUntilActive } from '../../wait-until-active.ts'
import { missingLists } from './missing-lists.ts'

export interface KeywordsOutput {
  json?: boolean
}

/** Parses a list file. @throws UsageError with every problem, by line */
export const listInFile = async (file: string, defaults?: ListDefaults) => {
  const bytes = await bytesIn(file, 'keyword list')
  try {
    return parseKeywordList(decodeListFile(bytes), defaults)
  } catch (error) {
    if (error instanceof KeywordListInvalid)
      throw new UsageError(`the list is refused, the active version stays:\n${error.message}`)
    throw error
  }
}

export const archiveOf = async (context: CliContext): Promise<KeywordArchive> =>
  new KeywordArchive(await readLists(context.broker(), await context.codec()))

/** @throws UsageError when the list or version does not exist */
export const versionOf = (archive: KeywordArchive, listId: string, version?: string): KeywordListRecord => {
  const found =
    version === undefined
      ? (archive.active(listId) ?? archive.shadow(listId))
      : archive.atVersion(listId, Number(version))
  if (found) return found
  const versions = archive.versions(listId).map((one) => one.version)
  if (versions.length > 0) throw new UsageError(`${listId} has no version ${version}; it has: ${versions.join(', ')}`)
  const others = archive.listIds()
  const known = others.length > 0 ? `; there are: ${others.join(', ')}` : ''
  throw new UsageError(`there is no list ${listId}${known}; import one with: signals keywords import FILE`)
}

const mebibytes = (bytes: number) => (bytes / 1_048_576).toFixed(1)

export interface WriteOptions extends KeywordsOutput {
  /** The caller has checked a list that looks like a dictionary. */
  iChecked?: boolean
}

type NewVersion = Omit<KeywordListRecord, 'createdAt' | 'author' | 'checked'>

/** @throws Refused when the list could tell what was said */
const authored = (context: CliContext, made: NewVersion, iChecked: boolean): KeywordListRecord => {
  const { KEYWORD_FLAGS_MAX } = loadConfig(keywordListFields, context.env)
  const { refused, doubtful } = judgeList(made.entries, KEYWORD_FLAGS_MAX)
  if (refused.length > 0) throw new Refused(`the list is refused, the active version stays:\n${refused.join('\n')}`)
  if (doubtful !== null && !iChecked)
    throw new Refused(
      `the list is refused, the active version stays: ${doubtful}; if a person has checked that none of them tells what was said: --i-checked`,
    )
  return { ...made, createdAt: Date.now(), author: actor(), checked: doubtful !== null }
}

/** Writes a version and waits until it is active in every stage. @throws Refused */
const write = async (
  context: CliContext,
  action: 'import' | 'promote' | 'rollback',
  made: NewVersion,
  { json, iChecked = false }: WriteOptions,
  warnings: readonly string[] = [],
) => {
  const record = authored(context, made, iChecked)
  await audited(context, `keywords.${action}`, listKey(record))
  const codec = await context.codec()
  try {
    await writeList(context.broker(), codec, record)
  } catch (error) {
    if (!(error instanceof RecordTooLarge)) throw error
    const bytes = codec.encode('keywordLists', record).length
    throw new UsageError(
      `the list is refused, the active version stays: ${record.entries.length} keywords take ${mebibytes(bytes)} MiB, and the limit is 8 MiB; split the list, for example by market`,
    )
  }
  const behind = await waitUntilActive(context, 'keywordLists')
  const { listId, version, entries, shadow, copyOf } = record
  if (json)
    return printJson({ listId, version, entries: entries.length, shadow, copyOf, notYetInForce: behind, warnings })
  const what = `${entries.length} keywords${copyOf === null ? '' : `, as in version ${copyOf}`}`
  const state = behind.length > 0 ? '; not yet active' : shadow ? '; counted only (shadow)' : ''
  print(`${listId} version ${version}: ${what}${state}`)
}

export interface ImportOptions extends WriteOptions, Partial<ListDefaults> {
  list?: string
  shadow?: boolean
}

export const importList = (file: string, options: ImportOptions) =>
  withContext(async (context) => {
    const input = await listInFile(file, { fold: options.fold ?? 'exact', addresses: options.addresses ?? 'skip' })
    const listId = options.list ?? input.listId ?? defaultListId
    const id = listIdSchema.safeParse(listId)
    if (!id.success) throw new UsageError(`--list ${id.error.issues[0]?.message}`)
    const version = (await archiveOf(context)).nextVersion(listId)
    const shadow = options.shadow ?? input.shadow
    const warnings = listWarnings(input.entries)
    for (const warning of warnings) notify(`warning: ${warning}`)
    await write(context, 'import', { listId, version, entries: input.entries, shadow, copyOf: null }, options, warnings)
  })

/** Writes the entries of an older version as a new one. No version changes, so a replay finds the version of any time. */
const activate = (
  context: CliContext,
  action: 'promote' | 'rollback',
  archive: KeywordArchive,
  of: KeywordListRecord,
  options: WriteOptions,
) => {
  const { listId, entries, version } = of
  return write(
    context,
    action,
    { listId, entries, version: archive.nextVersion(listId), shadow: false, copyOf: version },
    options,
  )
}

export const rollback = (listId: string, options: WriteOptions & { to: string }) =>
  withContext(async (context) => {
    const archive = await archiveOf(context)
    await activate(context, 'rollback', archive, versionOf(archive, listId, options.to), options)
  })

export const promote = (listId: string, options: WriteOptions) =>
  withContext(async (context) => {
    const archive = await archiveOf(context)
    const shadow = archive.shadow(listId)
    if (!shadow)
      throw new UsageError(
        `${listId} has no shadow version newer than the active one; import one with: signals keywords import FILE --list ${listId} --shadow`,
      )
    await activate(context, 'promote', archive, shadow, options)
  })

const stateOf = (archive: KeywordArchive, record: KeywordListRecord) => {
  if (archive.active(record.listId) === record) return 'active'
  return archive.shadow(record.listId) === record ? 'shadow' : ''
}

export const listLists = ({ json }: KeywordsOutput) =>
  withContext(async (context) => {
    const archive = await archiveOf(context)
    const rows = archive.listIds().flatMap((listId) =>
      archive.versions(listId).map((list) => ({
        listId,
        version: list.version,
        entries: list.entries.length,
        createdAt: new Date(list.createdAt).toISOString(),
        inForce: archive.active(listId) === list,
        shadow: list.shadow,
        copyOf: list.copyOf,
        author: list.author,
        checked: list.checked,
        state: stateOf(archive, list),
      })),
    )
    if (json) return printJson(rows)
    if (rows.length === 0) print('no lists; import one with: signals keywords import FILE')
    else
      print(
        table([
          ['list', 'version', 'keywords', 'imported', 'by', ''],
          ...rows.map((row) => [
            row.listId,
            String(row.version),
            `${row.entries}${row.copyOf === null ? '' : ` (as ${row.copyOf})`}`,
            row.createdAt,
            row.author ?? '',
            row.state,
          ]),
        ]),
      )
    for (const { connectionId, listId } of await missingLists(context, archive))
      print(`connection ${connectionId} names the list ${listId}, which does not exist: it gives no keyword signals`)
  })

const line = ({ keyword, flag, locale, match, fold, addresses, unless }: KeywordEntry) =>
  [
    `${keyword} → ${flag}`,
    match,
    ...(locale === null ? [] : [locale]),
    ...(fold === 'exact' ? [] : [fold === 'chat' ? 'as in a chat' : 'without accents']),
    ...(addresses === 'skip' ? [] : ['also in addresses']),
    ...(unless.length === 0 ? [] : [`unless in ${unless.map((phrase) => `"${phrase}"`).join(', ')}`]),
  ].join(', ')

export const show = (listId: string, { json, version }: KeywordsOutput & { version?: string }) =>
  withContext(async (context) => {
    const archive = await archiveOf(context)
    const record = versionOf(archive, listId, version)
    if (json) return printJson({ ...record, inForce: archive.active(listId) === record })
    const state = stateOf(archive, record)
    const imported = new Date(record.createdAt).toISOString()
    print(
      `${listId} version ${record.version}${state && `, ${state}`}, imported ${imported}${record.author === null ? '' : ` by ${record.author}`}`,
    )
    for (const entry of record.entries) print(`  ${line(entry)}`)
  })

/** Default: the newest version and its predecessor; with `from` alone: that version and the newest. */
export const diff = (listId: string, from: string | undefined, to: string | undefined, { json }: KeywordsOutput) =>
  withContext(async (context) => {
    const archive = await archiveOf(context)
    const versions = archive.versions(listId)
    const after = versionOf(archive, listId, to ?? versions.at(-1)?.version.toString())
    const earlier = from ?? versions.at(-2)?.version.toString()
    const before = earlier === undefined ? undefined : versionOf(archive, listId, earlier)
    const found = diffLists(before?.entries ?? [], after.entries)
    if (json) return printJson({ listId, from: before?.version ?? null, to: after.version, ...found })
    const { added, removed, changed, same } = found
    print(`${listId}: version ${before?.version ?? 'none'} against ${after.version}`)
    for (const entry of removed) print(`- ${line(entry)}`)
    for (const entry of added) print(`+ ${line(entry)}`)
    for (const pair of changed) print(`~ ${line(pair.before)}  ⇒  ${line(pair.after)}`)
    print(`${added.length} added, ${removed.length} removed, ${changed.length} changed, ${same} the same`)
  })
