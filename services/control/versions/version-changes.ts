/** Makes a version of a keyword list from an earlier one: promotes a shadow, or rolls back. No version changes, so a replay finds each. */
import { judgeList } from '../../keywords/lists/limits.ts'
import { writeList } from '../../keywords/lists/store.ts'
import type { Broker, Clock } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import type { KeywordListRecord } from '../../shared/model/keyword-list.ts'
import { ControlProblem } from '../http/answer.ts'
import type { VersionCache } from './version-cache.ts'

export interface VersionChangeTools {
  readonly versions: Pick<VersionCache, 'read'>
  readonly broker: Broker
  readonly codec: Codec
  readonly clock: Pick<Clock, 'now'>
  /** KEYWORD_FLAGS_MAX */
  readonly maxFlags: number
}

export interface VersionChange {
  readonly listId: string
  /** The version whose entries become active; null: the shadow. */
  readonly of: number | null
  readonly actor: string
  /** The actor has checked a list that looks like a dictionary. */
  readonly checked: boolean
}

/** @throws ControlProblem 404, 409 */
const sourceOf = (
  archive: Awaited<ReturnType<VersionCache['read']>>['keywordLists'],
  { listId, of }: VersionChange,
) => {
  if (!archive.has(listId)) throw new ControlProblem(404, 'list_unknown', `there is no keyword list ${listId}`)
  const found = of === null ? archive.shadow(listId) : archive.atVersion(listId, of)
  if (found) return found
  throw of === null
    ? new ControlProblem(409, 'no_shadow', `${listId} has no shadow version newer than the active one`)
    : new ControlProblem(404, 'version_unknown', `${listId} has no version ${of}`)
}

/**
 * Writes the new version. It is active in every stage within 5 s.
 * @throws ControlProblem 404 for an unknown list or version, 409 where there is no shadow or a limit refuses the list; DependencyError
 */
export const changeVersion = async (change: VersionChange, tools: VersionChangeTools): Promise<KeywordListRecord> => {
  const { keywordLists: archive } = await tools.versions.read()
  const { entries, version: copyOf } = sourceOf(archive, change)
  const { refused, doubtful } = judgeList(entries, tools.maxFlags)
  if (refused.length > 0) throw new ControlProblem(409, 'list_refused', refused.join('\n'))
  if (doubtful !== null && !change.checked)
    throw new ControlProblem(
      409,
      'list_doubtful',
      `${doubtful}; if you have checked that none of them tells what was said, say so`,
    )
  const { listId, actor: author } = change
  const made: KeywordListRecord = {
    ...{ listId, author, entries, copyOf, shadow: false },
    version: archive.nextVersion(listId),
    createdAt: tools.clock.now(),
    checked: doubtful !== null,
  }
  await writeList(tools.broker, tools.codec, made)
  return made
}
