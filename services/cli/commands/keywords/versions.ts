/** `signals keywords import | list | show | diff | rollback | promote`: versions of lists; version numbers only grow. */

import { keywordListFields } from '../../../keywords/config.ts'
import { diffLists } from '../../../keywords/lists/diff.ts'
import { KeywordListInvalid, type ListDefaults, listIdSchema } from '../../../keywords/lists/list.ts'
import { missingListsOf } from '../../../keywords/lists/selection.ts'
import { readLists } from '../../../keywords/lists/store.ts'
import { KeywordArchive } from '../../../keywords/lists/versions.ts'
import { missingIds } from '../../../keywords/versions/missing.ts'
import { defaultVersionedId } from '../../../keywords/versions/selection.ts'
import { loadConfig } from '../../../runtime/config.ts'
import { readConnections } from '../../../shared/connections/store.ts'
import type { KeywordEntry, KeywordListRecord } from '../../../shared/model/keyword-list.ts'
import { newList, readListFile } from '../../../tools/versions/new-list.ts'
import { VersionRefused } from '../../../tools/versions/version-refused.ts'
import { actor } from '../../actor.ts'
import { type CliContext, withContext } from '../../context.ts'
import { Refused, UsageError } from '../../exit.ts'
import { bytesIn } from '../../input-file.ts'
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

export interface KeywordsOutput {
  json?: boolean
}

/** Parses a list file. @throws UsageError with every problem, by line */
export const listInFile = async (file: string, defaults?: ListDefaults) => {
  const bytes = await bytesIn(file, 'keyword list')
  try {
    return readListFile(bytes, defaults)
  } catch (error) {
    if (error instanceof KeywordListInvalid)
      throw new UsageError(`the list is refused, the active version stays:\n${error.message}`)
    throw error
  }
}

const keywordLists: VersionKind<'keywordLists'> = {
  topic: 'keywordLists',
  command: 'keywords',
  noun: 'list',
  idOf: ({ listId }) => listId,
  sizeOf: ({ entries }) => `${entries.length} keywords`,
  smaller: 'split the list, for example by market',
}

export const archiveOf = async (context: CliContext): Promise<KeywordArchive> =>
  new KeywordArchive(await readLists(context.broker(), await context.codec()))

/** @throws UsageError when the list or version does not exist */
export const versionOf = (archive: KeywordArchive, listId: string, version?: string): KeywordListRecord =>
  versionIn(keywordLists, archive, listId, version)

export interface WriteOptions extends KeywordsOutput {
  /** The caller has checked a list that looks like a dictionary. */
  iChecked?: boolean
}

type NewVersion = Omit<KeywordListRecord, 'createdAt' | 'author' | 'checked'>

/** @throws Refused when the list could tell what was said */
const authored = (context: CliContext, made: NewVersion, iChecked: boolean): KeywordListRecord => {
  const { KEYWORD_FLAGS_MAX } = loadConfig(keywordListFields, context.env)
  try {
    return newList(made, { author: actor(), now: Date.now() }, { maxFlags: KEYWORD_FLAGS_MAX, isChecked: iChecked })
  } catch (error) {
    if (!(error instanceof VersionRefused)) throw error
    throw new Refused(
      error.isDoubt
        ? `the list is refused, the active version stays: ${error.message}; if a person has checked that none of them tells what was said: --i-checked`
        : `the list is refused, the active version stays:\n${error.message}`,
    )
  }
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
  const behind = await publishVersion(keywordLists, context, action, record)
  const { listId, version, entries, shadow, copyOf } = record
  if (json)
    return printJson({ listId, version, entries: entries.length, shadow, copyOf, notYetInForce: behind, warnings })
  print(versionText(keywordLists, record, behind))
}

export interface ImportOptions extends WriteOptions, Partial<ListDefaults> {
  list?: string
  shadow?: boolean
}

export const importList = (file: string, options: ImportOptions) =>
  withContext(async (context) => {
    const input = await listInFile(file, { fold: options.fold ?? 'exact', addresses: options.addresses ?? 'skip' })
    const listId = options.list ?? input.listId ?? defaultVersionedId
    const id = listIdSchema.safeParse(listId)
    if (!id.success) throw new UsageError(`--list ${id.error.issues[0]?.message}`)
    const version = (await archiveOf(context)).nextVersion(listId)
    const shadow = options.shadow ?? input.shadow
    const { warnings } = input
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
    await activate(context, 'promote', archive, promotable(keywordLists, archive, listId, '--list'), options)
  })

export const listLists = ({ json }: KeywordsOutput) =>
  withContext(async (context) => {
    const archive = await archiveOf(context)
    const rows = versionRows<'keywordLists'>(archive)
    if (json)
      return printJson(
        rows.map(({ id, record, facts }) => ({
          listId: id,
          ...facts,
          entries: record.entries.length,
          checked: record.checked,
        })),
      )
    printRows(keywordLists, rows)
    const connections = (await readConnections(context.broker(), await context.codec())).all()
    for (const { connectionId, id } of missingIds(connections, (connection) => missingListsOf(connection, archive.has)))
      print(`connection ${connectionId} names the list ${id}, which does not exist: it gives no keyword signals`)
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
    print(headOf(archive, listId, record))
    for (const entry of record.entries) print(`  ${line(entry)}`)
  })

/** Default: the newest version and its predecessor; with `from` alone: that version and the newest. */
export const diff = (listId: string, from: string | undefined, to: string | undefined, { json }: KeywordsOutput) =>
  withContext(async (context) => {
    const { before, after } = compared(keywordLists, await archiveOf(context), listId, [from, to])
    const found = diffLists(before?.entries ?? [], after.entries)
    if (json) return printJson({ listId, from: before?.version ?? null, to: after.version, ...found })
    const { added, removed, changed, same } = found
    print(`${listId}: version ${before?.version ?? 'none'} against ${after.version}`)
    for (const entry of removed) print(`- ${line(entry)}`)
    for (const entry of added) print(`+ ${line(entry)}`)
    for (const pair of changed) print(`~ ${line(pair.before)}  ⇒  ${line(pair.after)}`)
    print(`${added.length} added, ${removed.length} removed, ${changed.length} changed, ${same} the same`)
  })
