/**
 * Writes a backup into a cluster: topics and schemas first, then the records in their order. Topics that hold something are left alone,
 * unless the caller says that they may go. A run that was interrupted goes on with the file at which it was.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { allTopics } from '../../derived-topics.ts'
import type { MasterKeys } from '../../runtime/keys/master-keys.ts'
import type { Broker, SchemaRegistry } from '../../runtime/ports.ts'
import { beginningOfTime, endOfTime } from '../../runtime/topics/read-topic.ts'
import { applySchemas, applyTopics, planTopics } from '../topics/provision.ts'
import type { Placement } from '../topics/settings.ts'
import { isJournal } from './contents.ts'
import { type BackedUpTopic, recordsOf, writeWhole } from './manifest.ts'
import type { OpenedBackup } from './open-backup.ts'
import { RecordWriter, schemaIdsOf } from './schema-ids.ts'

/** The cluster holds records in topics of the backup. */
export class TopicsNotEmpty extends Error {
  override readonly name = 'TopicsNotEmpty'
  constructor(topics: readonly string[]) {
    super(
      `nothing was changed: ${topics.join(', ')} hold records. Restore to an empty cluster, name the lost topics with --topic, or stop every process and give --overwrite, which deletes what these topics hold`,
    )
  }
}

export interface RestoreTools {
  /** Signs nothing and judges nothing: records are written as they were. */
  readonly broker: Broker
  readonly registry: SchemaRegistry
  readonly keys: MasterKeys
  readonly placement: Placement
  /** Addresses of the cluster: notes of a run on another one do not count. */
  readonly cluster: string
  readonly onProgress: (progress: { readonly topic: string; readonly records: number; readonly of: number }) => void
}

export interface RestoreOptions {
  /** In the folder of the backup, holds what a later run needs to go on. */
  readonly folder: string
  readonly topics: readonly BackedUpTopic[]
  readonly overwrite: boolean
}

const notes = z.object({ backup: z.string(), cluster: z.string(), chunks: z.record(z.string(), z.number().int()) })
type Notes = z.infer<typeof notes>

const notesPath = (folder: string) => join(folder, 'restore.json')

/** Of an unfinished run of this backup on this cluster; null: there is none. */
const readNotes = (folder: string, backup: string, cluster: string): Notes | null => {
  if (!existsSync(notesPath(folder))) return null
  const found = notes.safeParse(JSON.parse(readFileSync(notesPath(folder), 'utf8')))
  return found.success && found.data.backup === backup && found.data.cluster === cluster ? found.data : null
}

/** How many offsets a topic holds. */
const heldBy = async (broker: Broker, topic: string): Promise<number> => {
  const [from, to] = await Promise.all([broker.offsetsAt(topic, beginningOfTime), broker.offsetsAt(topic, endOfTime)])
  return Array.from(to, ([partition, end]) => Number(end - (from.get(partition) ?? end))).reduce(
    (sum, one) => sum + one,
    0,
  )
}

/** Of the topics that the cluster has and that hold something, how much. */
const heldTopics = async (broker: Broker, wanted: readonly string[]): Promise<ReadonlyMap<string, number>> => {
  const there = new Set((await broker.listTopics()).map(({ name }) => name))
  const held = new Map<string, number>()
  for (const name of wanted) {
    const records = there.has(name) ? await heldBy(broker, name) : 0
    if (records > 0) held.set(name, records)
  }
  return held
}

export interface Restored {
  readonly topics: readonly { readonly topic: string; readonly records: number }[]
  readonly records: number
  /** Whether an unfinished run was continued. */
  readonly resumed: boolean
}

/** @throws TopicsNotEmpty before anything is changed; BackupInvalid; DependencyError */
export const restoreBackup = async (
  backup: OpenedBackup,
  { folder, topics, overwrite }: RestoreOptions,
  { broker, registry, keys, placement, cluster, onProgress }: RestoreTools,
): Promise<Restored> => {
  const names = topics.map(({ name }) => name)
  const before = overwrite ? null : readNotes(folder, backup.manifest.id, cluster)
  const held = await heldTopics(broker, names)
  const foreign = [...held.keys()].filter((name) => before?.chunks[name] === undefined)
  if (foreign.length > 0 && !overwrite) throw new TopicsNotEmpty(foreign)
  if (overwrite) await broker.deleteTopics([...held.keys()])
  await applyTopics(broker, planTopics(await broker.listTopics(), allTopics, placement), placement)
  await applySchemas(registry)
  const writer = new RecordWriter(await schemaIdsOf(backup.manifest, registry), keys)

  const done: Notes = { backup: backup.manifest.id, cluster, chunks: {} }
  const note = () => writeWhole(notesPath(folder), JSON.stringify(done))
  const producer = await broker.producer()
  try {
    for (const topic of topics) {
      const { name, chunks } = topic
      // A topic that is empty by now was lost again: its restore begins from the start.
      const first = held.has(name) ? (before?.chunks[name] ?? 0) : 0
      // A journal keeps what is written twice, so the part of the file that is there is left out.
      const written = recordsOf({ chunks: chunks.slice(0, first) })
      let skip = isJournal(name) ? Math.max(0, (held.get(name) ?? 0) - written) : 0
      done.chunks[name] = first
      note()
      for (let index = first; index < chunks.length; index++) {
        const records = backup.chunk(topic, index).slice(skip)
        skip = 0
        await producer.send(records.map((record) => writer.recordOf(name, record)))
        done.chunks[name] = index + 1
        note()
        onProgress({ topic: name, records: recordsOf({ chunks: chunks.slice(0, index + 1) }), of: recordsOf(topic) })
      }
    }
  } finally {
    await producer.close()
  }
  rmSync(notesPath(folder), { force: true })
  const restored = topics.map((topic) => ({ topic: topic.name, records: recordsOf(topic) }))
  return {
    topics: restored,
    records: restored.reduce((sum, { records }) => sum + records, 0),
    resumed: before !== null,
  }
}
