/**
 * Ids of schemas are the registry's own. A registry that was lost with Kafka gives others, so values are written under the new id, and
 * signed records, whose signature covers the value, are signed again.
 */
import { RecordKeys } from '../../runtime/keys/signatures/record-keys.ts'
import { isSignedBy, signatureHeader, signatureKeyId, signedRecord } from '../../runtime/keys/signatures/signature.ts'
import { signingPurposeOf } from '../../runtime/keys/signatures/signed-topics.ts'
import type { KeySource } from '../../runtime/keys/wrapping.ts'
import type { ProducerRecord, SchemaRegistry } from '../../runtime/ports.ts'
import { subjectOf } from '../../topology.ts'
import type { BackedUpRecord } from './chunk.ts'
import type { BackupManifest } from './manifest.ts'

const magic = 0
const headerBytes = 5

/** By the id of the backup, the id in this registry. @throws DependencyError, SchemaIncompatible */
export const schemaIdsOf = async (
  { schemas }: Pick<BackupManifest, 'schemas'>,
  registry: Pick<SchemaRegistry, 'register'>,
): Promise<ReadonlyMap<number, number>> => {
  const ids = new Map<number, number>()
  for (const { id, topic, schema } of schemas) ids.set(id, await registry.register(subjectOf(topic), schema))
  return ids
}

/** Records in Kafka name ids that this registry has given to other schemas, or to none. */
export class SchemaIdsDiffer extends Error {
  override readonly name = 'SchemaIdsDiffer'
  constructor(before: number, now: number) {
    super(
      `the registry gives id ${now} to the schema that records name ${before}: stop every process and begin with an empty registry of its own, or restore it with its own tool`,
    )
  }
}

/** A registry counts on also for a registration that it gave up, so that some ids have no schema. More would be a registry shared with others. */
const mostUnused = 1_000

/** Takes up an id. @throws DependencyError */
const registerUnused = (id: number, registry: Pick<SchemaRegistry, 'register'>): Promise<number> =>
  registry.register(`signals-unused-${id}`, JSON.stringify({ type: 'fixed', name: `Unused${id}`, size: id }))

/**
 * Into an empty registry, in the order of their ids: registries count from 1. For records that are still in Kafka.
 * @returns how many. @throws SchemaIdsDiffer, DependencyError, SchemaIncompatible
 */
export const restoreSchemas = async (
  { schemas }: Pick<BackupManifest, 'schemas'>,
  registry: Pick<SchemaRegistry, 'register'>,
): Promise<number> => {
  const byId = new Map(schemas.map((one) => [one.id, one]))
  const last = Math.max(0, ...byId.keys())
  if (last - byId.size > mostUnused) throw new SchemaIdsDiffer(last, 1)
  for (let id = 1; id <= last; id++) {
    const known = byId.get(id)
    const now = await (known ? registry.register(subjectOf(known.topic), known.schema) : registerUnused(id, registry))
    if (now !== id) throw new SchemaIdsDiffer(id, now)
  }
  return schemas.length
}

export class RecordWriter {
  readonly #ids: ReadonlyMap<number, number>
  readonly #keys: RecordKeys

  constructor(ids: ReadonlyMap<number, number>, source: KeySource) {
    this.#ids = ids
    this.#keys = new RecordKeys(source)
  }

  /** As it was, under this registry's id of its schema. A signature that was not valid stays what it was. */
  recordOf(topic: string, { key, value, headers }: BackedUpRecord): ProducerRecord {
    const before = { topic, key, value, headers }
    if (value === null || value.length < headerBytes || value[0] !== magic) return before
    const id = value.readInt32BE(1)
    const now = this.#ids.get(id) ?? id
    if (now === id) return before
    const rewritten = Buffer.from(value)
    rewritten.writeInt32BE(now, 1)
    const after = { ...before, value: rewritten }
    const purpose = signingPurposeOf(topic)
    const keyId = signatureKeyId(before)
    if (purpose === undefined || keyId === undefined) return after
    const [verifying, signing] = [this.#keys.public(purpose, keyId), this.#keys.private(purpose, keyId)]
    if (verifying === null || signing === null || !isSignedBy(before, verifying)) return after
    const { [signatureHeader]: _before, ...others } = headers
    return signedRecord({ ...after, headers: others }, keyId, signing)
  }
}
