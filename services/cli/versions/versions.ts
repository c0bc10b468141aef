/** What the commands for keyword lists and for rule sets have in common: versions, whose numbers only grow. */
import { type VersionTopic, writeVersion } from '../../keywords/versions/store.ts'
import { type ImportedVersion, type VersionArchive, versionKey } from '../../keywords/versions/version-archive.ts'
import { RecordTooLarge } from '../../runtime/ports.ts'
import type { TopicValues } from '../../shared/model/topic-values.ts'
import { audited } from '../audit.ts'
import type { CliContext } from '../context.ts'
import { UsageError } from '../exit.ts'
import { print, table } from '../output.ts'
import { waitUntilActive } from '../wait-until-active.ts'

/** One kind of what has versions. */
export interface VersionKind<T extends VersionTopic> {
  readonly topic: T
  /** `keywords` or `rules`: the command, and the first part of an action in the audit trail. */
  readonly command: string
  /** `list` or `rule set`. */
  readonly noun: string
  idOf(record: TopicValues[T]): string
  /** What a version has, such as `12 keywords`. */
  sizeOf(record: TopicValues[T]): string
  /** How to import less at once. */
  readonly smaller: string
}

/** A record of the kind, with what every version has. */
export type VersionRecord<T extends VersionTopic> = TopicValues[T] &
  ImportedVersion & { readonly copyOf: number | null; readonly author: string | null }

export type Archive<T extends VersionTopic> = VersionArchive<TopicValues[T] & ImportedVersion>

/** Default: the active version, else the shadow. @throws UsageError when the list or version does not exist */
export const versionIn = <T extends VersionTopic>(
  { noun, command }: VersionKind<T>,
  archive: Archive<T>,
  id: string,
  version?: string,
): TopicValues[T] & ImportedVersion => {
  const found =
    version === undefined ? (archive.active(id) ?? archive.shadow(id)) : archive.atVersion(id, Number(version))
  if (found) return found
  const versions = archive.versions(id).map((one) => one.version)
  if (versions.length > 0) throw new UsageError(`${id} has no version ${version}; it has: ${versions.join(', ')}`)
  const others = archive.ids()
  const known = others.length > 0 ? `; there are: ${others.join(', ')}` : ''
  throw new UsageError(`there is no ${noun} ${id}${known}; import one with: signals ${command} import FILE`)
}

/** The shadow version that a promotion makes active. @throws UsageError when there is none */
export const promotable = <T extends VersionTopic>(
  { command }: VersionKind<T>,
  archive: Archive<T>,
  id: string,
  option: string,
): TopicValues[T] & ImportedVersion => {
  const shadow = archive.shadow(id)
  if (shadow) return shadow
  throw new UsageError(
    `${id} has no shadow version newer than the active one; import one with: signals ${command} import FILE ${option} ${id} --shadow`,
  )
}

/** Default: the newest version and its predecessor; with `from` alone: that version and the newest. @throws UsageError */
export const compared = <T extends VersionTopic>(
  kind: VersionKind<T>,
  archive: Archive<T>,
  id: string,
  [from, to]: readonly [string | undefined, string | undefined],
) => {
  const versions = archive.versions(id)
  const after = versionIn(kind, archive, id, to ?? versions.at(-1)?.version.toString())
  const earlier = from ?? versions.at(-2)?.version.toString()
  return { before: earlier === undefined ? undefined : versionIn(kind, archive, id, earlier), after }
}

const mebibytes = (bytes: number) => (bytes / 1_048_576).toFixed(1)

/**
 * Writes a version and waits until it is active in every stage.
 * @returns the processes that did not have it after 5 s
 * @throws UsageError when it is too large
 */
export const publishVersion = async <T extends VersionTopic>(
  kind: VersionKind<T>,
  context: CliContext,
  action: 'import' | 'promote' | 'rollback',
  record: VersionRecord<T>,
): Promise<readonly string[]> => {
  const { topic, command, noun, idOf, sizeOf, smaller } = kind
  const key = versionKey(idOf(record), record.version)
  await audited(context, `${command}.${action}`, key)
  const codec = await context.codec()
  try {
    await writeVersion(topic, key, record, context.broker(), codec)
  } catch (error) {
    if (!(error instanceof RecordTooLarge)) throw error
    const bytes = codec.encode(topic, record).length
    throw new UsageError(
      `the ${noun} is refused, the active version stays: ${sizeOf(record)} take ${mebibytes(bytes)} MiB, and the limit is 8 MiB; ${smaller}`,
    )
  }
  return waitUntilActive(context, topic)
}

/** `default version 3: 12 keywords, as in version 1; counted only (shadow)` */
export const versionText = <T extends VersionTopic>(
  { idOf, sizeOf }: VersionKind<T>,
  record: VersionRecord<T>,
  behind: readonly string[],
): string => {
  const { version, copyOf, shadow } = record
  const what = `${sizeOf(record)}${copyOf === null ? '' : `, as in version ${copyOf}`}`
  const state = behind.length > 0 ? '; not yet active' : shadow ? '; counted only (shadow)' : ''
  return `${idOf(record)} version ${version}: ${what}${state}`
}

export const stateOf = <V extends ImportedVersion>(archive: VersionArchive<V>, id: string, record: V) => {
  if (archive.active(id) === record) return 'active'
  return archive.shadow(id) === record ? 'shadow' : ''
}

/** First line of `show`. */
export const headOf = <V extends ImportedVersion & { readonly author: string | null }>(
  archive: VersionArchive<V>,
  id: string,
  record: V,
) => {
  const state = stateOf(archive, id, record)
  const imported = new Date(record.createdAt).toISOString()
  return `${id} version ${record.version}${state && `, ${state}`}, imported ${imported}${record.author === null ? '' : ` by ${record.author}`}`
}

/** All versions, for `list`: facts that both kinds have. */
export const versionRows = <T extends VersionTopic>(archive: VersionArchive<VersionRecord<T>>) =>
  archive.ids().flatMap((id) =>
    archive.versions(id).map((record) => ({
      id,
      record,
      facts: {
        version: record.version,
        createdAt: new Date(record.createdAt).toISOString(),
        inForce: archive.active(id) === record,
        shadow: record.shadow,
        copyOf: record.copyOf,
        author: record.author,
        state: stateOf(archive, id, record),
      },
    })),
  )

export const printRows = <T extends VersionTopic>(
  { noun, command, sizeOf }: VersionKind<T>,
  rows: ReturnType<typeof versionRows<T>>,
) => {
  if (rows.length === 0) return print(`no ${noun}s; import one with: signals ${command} import FILE`)
  print(
    table([
      [noun, 'version', 'size', 'imported', 'by', ''],
      ...rows.map(({ id, record, facts }) => [
        id,
        String(facts.version),
        `${sizeOf(record)}${facts.copyOf === null ? '' : ` (as ${facts.copyOf})`}`,
        facts.createdAt,
        facts.author ?? '',
        facts.state,
      ]),
    ]),
  )
}
