/** Reads `data-secrets.v1`: the data secret, the key pairs of the pipeline itself, and since when all records are signed. */

import { BadRecord } from '../../../failures.ts'
import type { DataSecretRecord } from '../../../shared/model/topic-values.ts'
import { topics } from '../../../topology.ts'
import type { Broker, ConsumedRecord } from '../../ports.ts'
import type { Codec } from '../../topics/codec.ts'
import { readWhole } from '../../topics/read-topic.ts'
import type { RecordJudge } from '../signatures/record-judge.ts'
import { signatureKeyId } from '../signatures/signature.ts'
import type { Refusal } from '../signatures/signed-broker.ts'
import { CommonPairs } from './common-pairs.ts'

const { name: topic } = topics.dataSecrets

/** Key of the data secret's record. */
export const dataSecretKey = 'data-secret'
/** Key of the record that says since when all records are signed. */
export const signingLatchKey = 'signed-records'

export interface SecretTools {
  readonly broker: Broker
  readonly codec: Codec
  readonly onRefused?: (refusal: Refusal) => void
}

/** What `data-secrets.v1` holds. */
export class SecretsTable {
  /** null: an old installation whose ids derive from its first master key. */
  dataSecret: DataSecretRecord | null = null
  readonly commonPairs = new CommonPairs()
  /** The last data secret that does not count: the master key that its signature names; null: there is none. */
  refusedSecret: { readonly signedUnder: string | null } | null = null
  readonly #tools: Pick<SecretTools, 'codec' | 'onRefused'>
  readonly #judge: RecordJudge | null
  readonly #onDataSecret: (value: DataSecretRecord) => void
  #latchRevision = 0
  /** Until the topic is read to its end: whether a record counts may depend on a later one. */
  #unread: ConsumedRecord[] | null = []

  /** @param judge null: every record counts */
  constructor(
    tools: Pick<SecretTools, 'codec' | 'onRefused'>,
    judge: RecordJudge | null,
    onDataSecret: (value: DataSecretRecord) => void = () => {},
  ) {
    this.#tools = tools
    this.#judge = judge
    this.#onDataSecret = onDataSecret
  }

  async take(record: ConsumedRecord): Promise<void> {
    if (this.#unread) this.#unread.push(record)
    else await this.#apply(record)
  }

  /** The topic has been read to its end. */
  async complete(): Promise<void> {
    const records = this.#unread ?? []
    this.#unread = null
    const [latches, others] = [true, false].map((is) => records.filter(({ key }) => (key === signingLatchKey) === is))
    // The newest latch first: it says which of the others are old.
    for (const record of [...(latches as ConsumedRecord[]).reverse(), ...(others as ConsumedRecord[])])
      await this.#apply(record)
  }

  async #apply(record: ConsumedRecord): Promise<void> {
    if (record.key === null) return
    const reason = this.#judge?.refusalOf(record) ?? null
    if (reason !== null) {
      if (record.key === dataSecretKey) this.refusedSecret = { signedUnder: signatureKeyId(record) ?? null }
      if (reason !== 'superseded') this.#tools.onRefused?.({ record, reason })
      return
    }
    const value = await this.#decoded(record)
    if (value === undefined) return
    if (record.key === signingLatchKey) return this.#latch(record, value)
    this.commonPairs.apply(record.key, value)
    // Of two with the same revision the first counts, as with connections.
    if (record.key !== dataSecretKey || value === null || value.revision <= (this.dataSecret?.revision ?? 0)) return
    this.dataSecret = value
    this.#onDataSecret(value)
  }

  /** undefined: the record does not decode, and the one before stays. */
  async #decoded(record: ConsumedRecord): Promise<DataSecretRecord | null | undefined> {
    const { codec } = this.#tools
    try {
      await codec.prepare([record])
      return record.value === null ? null : codec.decode('dataSecrets', record)
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error
      return undefined
    }
  }

  #latch(record: ConsumedRecord, value: DataSecretRecord | null) {
    // Not signed: it came before the latch and was written by no version of this pipeline.
    if (!value?.signedUpTo || signatureKeyId(record) === undefined || value.revision <= this.#latchRevision) return
    this.#latchRevision = value.revision
    this.#judge?.latch(value.signedUpTo)
  }
}

/** @throws DependencyError */
export const readSecretsTopic = async (tools: SecretTools, judge: RecordJudge | null): Promise<SecretsTable> => {
  const secrets = new SecretsTable(tools, judge)
  await readWhole(tools.broker, topic, (record) => secrets.take(record))
  await secrets.complete()
  return secrets
}
