/**
 * Copies the topics of `contents.ts` into a folder, file by file. A run that was interrupted goes on where it was, unless so much time
 * has passed that Kafka may have dropped tombstones of what is in the files already: its backup begins from the start.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { schemaVersions } from '../../../schemas/index.ts'
import { allTopics } from '../../derived-topics.ts'
import type { MasterKeys } from '../../runtime/keys/master-keys.ts'
import type { SealingKey } from '../../runtime/keys/sealing-key.ts'
import type { Broker, Clock, ConsumedRecord, SchemaRegistry } from '../../runtime/ports.ts'
import { beginningOfTime, endOfTime } from '../../runtime/topics/read-topic.ts'
import { subjectOf } from '../../topology.ts'
import { backupKeyOf, checksumOf, sealChunk } from './chunk.ts'
import { backedUpTopics } from './contents.ts'
import {
  type BackedUpTopic,
  BackupInvalid,
  type BackupManifest,
  backupFormat,
  manifestDigest,
  readManifest,
  recordsOf,
  writeManifest,
  writeWhole,
} from './manifest.ts'

/** A file has at most so many records, and ends with the record that makes it larger than this. */
const maxRecords = 5_000
const maxBytes = 4 * 1_048_576

/** Half of the shortest time that a topic of a backup keeps tombstones (`delete.retention.ms`, 1 h). */
const resumableMs = 1_800_000

/** First byte of a value in the registry's wire format; the id of its schema follows in four. */
const magic = 0
const headerBytes = 5

export interface BackupProgress {
  readonly topic: string
  readonly records: number
  /** Of the topic's offsets, 0 to 1. */
  readonly share: number
}

export interface BackupTools {
  /** Passes on records of signed topics whether they count or not: a backup judges nothing. */
  readonly broker: Pick<Broker, 'offsetsAt' | 'read' | 'listTopics'>
  readonly registry: Pick<SchemaRegistry, 'schemaById' | 'register'>
  readonly keys: MasterKeys
  readonly clock: Pick<Clock, 'now'>
  readonly onProgress: (progress: BackupProgress) => void
}

const textsOf = (offsets: ReadonlyMap<number, bigint>): Record<string, string> =>
  Object.fromEntries(Array.from(offsets, ([partition, offset]) => [String(partition), String(offset)]))

/** The folder's unfinished backup, or a new one. @throws BackupInvalid for one that is finished, or of another master key */
const beginOrGoOn = (folder: string, keys: MasterKeys, now: number): BackupManifest => {
  const known = readManifest(folder)
  if (known?.completedAt != null)
    throw new BackupInvalid(`${folder} holds a complete backup: name another folder, one for each backup`)
  if (known && !keys.ids.includes(known.keyId))
    throw new BackupInvalid(
      `${folder} holds the beginning of a backup under master key ${known.keyId}: name another folder`,
    )
  if (known) return known
  const id = randomBytes(16).toString('hex')
  const keyId = keys.ids[0] as string
  return { format: backupFormat, id, startedAt: now, completedAt: null, keyId, topics: [], schemas: [], seal: null }
}

/** Reads what is left of one topic. */
class TopicBackup {
  readonly #topic: BackedUpTopic
  readonly #manifest: BackupManifest
  readonly #folder: string
  readonly #key: SealingKey
  readonly #tools: BackupTools
  #held: ConsumedRecord[] = []
  #heldBytes = 0

  constructor(topic: BackedUpTopic, manifest: BackupManifest, folder: string, key: SealingKey, tools: BackupTools) {
    this.#topic = topic
    this.#manifest = manifest
    this.#folder = folder
    this.#key = key
    this.#tools = tools
  }

  async run(): Promise<void> {
    const { name, next, ends } = this.#topic
    const ranges = Object.entries(ends)
      .map(([partition, to]) => ({ partition: Number(partition), from: BigInt(next[partition] ?? to), to: BigInt(to) }))
      .filter(({ from, to }) => from < to)
    await this.#tools.broker.read(name, ranges, async (records) => {
      for (const record of records) {
        this.#held.push(record)
        this.#heldBytes += (record.value?.length ?? 0) + (record.key?.length ?? 0)
        if (this.#held.length >= maxRecords || this.#heldBytes >= maxBytes) await this.#write()
      }
    })
    await this.#write()
    this.#topic.complete = true
    writeManifest(this.#folder, this.#manifest)
    this.#report()
  }

  async #write(): Promise<void> {
    const records = this.#held
    if (records.length === 0) return
    const { name, chunks, next } = this.#topic
    await this.#keepSchemas(records)
    const index = chunks.length
    const sealed = sealChunk(records, this.#key, { backup: this.#manifest.id, topic: name, index })
    const file = `${name}-${String(index).padStart(5, '0')}.sealed`
    writeWhole(join(this.#folder, file), sealed)
    chunks.push({ file, records: records.length, bytes: sealed.length, sha256: checksumOf(sealed) })
    for (const { partition, offset } of records) next[partition] = String(offset + 1n)
    writeManifest(this.#folder, this.#manifest)
    this.#held = []
    this.#heldBytes = 0
    this.#report()
  }

  /** An id that the registry does not know stays as it is: its records decode nowhere. */
  async #keepSchemas(records: readonly ConsumedRecord[]): Promise<void> {
    const { schemas } = this.#manifest
    for (const { value, topic } of records) {
      if (value === null || value.length < headerBytes || value[0] !== magic) continue
      const id = value.readInt32BE(1)
      if (schemas.some((known) => known.id === id)) continue
      const schema = await this.#tools.registry.schemaById(id)
      if (schema !== null) schemas.push({ id, topic, schema })
    }
  }

  #report(): void {
    const { name, next, ends, complete } = this.#topic
    const left = Object.entries(ends).reduce(
      (sum, [partition, to]) => sum + Number(BigInt(to) - BigInt(next[partition] ?? to)),
      0,
    )
    const all = Object.values(ends).reduce((sum, to) => sum + Number(to), 0)
    const share = complete || all === 0 ? 1 : 1 - left / all
    this.#tools.onProgress({ topic: name, records: recordsOf(this.#topic), share })
  }
}

const topicOf = async (name: string, { broker, clock }: BackupTools): Promise<BackedUpTopic> => {
  const startedAt = clock.now()
  const [next, ends] = await Promise.all([broker.offsetsAt(name, beginningOfTime), broker.offsetsAt(name, endOfTime)])
  return { name, startedAt, next: textsOf(next), ends: textsOf(ends), complete: false, chunks: [] }
}

/** Of topics whose records are in no backup, too: a registry that is lost alone gets its ids back by them. */
const keepRegistered = async ({ schemas }: BackupManifest, registry: BackupTools['registry']): Promise<void> => {
  for (const { name, schema: folder } of allTopics) {
    if (folder === null) continue
    for (const schema of schemaVersions(folder)) {
      const id = await registry.register(subjectOf(name), schema)
      if (!schemas.some((known) => known.id === id)) schemas.push({ id, topic: name, schema })
    }
  }
}

/**
 * @param folder made where it is missing
 * @returns the complete table of contents; topics that the cluster does not have are not in it
 * @throws BackupInvalid, DependencyError
 */
export const backUp = async (folder: string, tools: BackupTools): Promise<BackupManifest> => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const manifest = beginOrGoOn(folder, tools.keys, tools.clock.now())
  const key = backupKeyOf(tools.keys, manifest.keyId)
  await keepRegistered(manifest, tools.registry)
  const there = new Set((await tools.broker.listTopics()).map(({ name }) => name))
  for (const { name } of backedUpTopics) {
    if (!there.has(name)) continue
    let topic = manifest.topics.find((one) => one.name === name)
    if (topic && !topic.complete && tools.clock.now() - topic.startedAt > resumableMs) {
      for (const { file } of topic.chunks) rmSync(join(folder, file), { force: true })
      manifest.topics.splice(manifest.topics.indexOf(topic), 1)
      topic = undefined
    }
    if (!topic) {
      topic = await topicOf(name, tools)
      manifest.topics.push(topic)
    }
    if (!topic.complete) await new TopicBackup(topic, manifest, folder, key, tools).run()
  }
  manifest.completedAt = tools.clock.now()
  manifest.seal = key.seal(manifestDigest(manifest), `backup:${manifest.id}`).toString('base64')
  writeManifest(folder, manifest)
  return manifest
}
